// The event log, /events on the JSON-RPC port.

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { rpcSocket } from "./devnet.mjs";

/** The event log over a WebSocket: collects what its subscriptions are told. */
export class EventStream {
  static async open() {
    const socket = new WebSocket(`${rpcSocket}/events`);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return new EventStream(socket);
  }

  constructor(socket) {
    this.socket = socket;
    this.messages = [];
    this.waiting = [];
    socket.on("message", (text) => {
      this.messages.push(JSON.parse(text));
      for (const look of this.waiting.splice(0)) look();
    });
  }

  /** Sends a request and waits for its answer. */
  async ask(request) {
    const from = this.messages.length;
    const { id } = Object.values(request)[0];
    this.socket.send(JSON.stringify(request));
    return this.until((message) => message.id === id && !message.event, from);
  }

  subscribe(id, fields = {}) {
    return this.ask({ subscribe: { id, ...fields } });
  }

  /** The first message from `from` on that `wanted` accepts. */
  async until(wanted, from = 0, seconds = 30) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = this.messages.slice(from).find(wanted);
      if (found) return found;
      const left = deadline - Date.now();
      assert.ok(left > 0, `not told within ${seconds} s; told: ${JSON.stringify(this.messages.slice(-10))}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => { clearTimeout(timer); resolve(); });
      });
    }
  }

  /** The event of `topic` whose attributes have these values. */
  async event(topic, attributes = {}) {
    const matches = ({ event }) => event?.topic === topic &&
      Object.entries(attributes).every(([key, value]) =>
        event.attributes.some((found) => found.key === key && found.value === String(value)));
    return (await this.until(matches)).event;
  }

  close() {
    this.socket.close();
  }
}
