// A port in front of a node, to break the connections of clients that cannot be told to break them.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Leads to the host and port of `target`, an address such as ws://127.0.0.1:26657. */
export async function passageTo(target) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const server = createServer((near) => {
    near.on("error", () => {}); // the other end hangs up as it likes
    if (passage.isShut) {
      passage.refused += 1;
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    far.on("error", () => {});
    near.pipe(far).pipe(near);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.once("close", () => { sockets.delete(one); other.destroy(); });
    }
  });
  const passage = {
    isShut: false,
    /** Connections that found it shut. */
    refused: 0,
    /** Breaks every connection and lets none through. */
    shut() {
      passage.isShut = true;
      for (const socket of sockets) socket.destroy();
    },
    open() {
      passage.isShut = false;
    },
    close() {
      passage.shut();
      server.close();
    },
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  passage.url = `ws://127.0.0.1:${server.address().port}`;
  return passage;
}
