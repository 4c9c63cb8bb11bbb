// The event log over a WebSocket: many subscriptions on one connection, filters, refusals.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coin, get } from "../lib/devnet.mjs";
import { EventStream } from "../lib/events.mjs";
import { ORDER_DEPOSIT, newRegion, orderSpec, traders } from "../lib/market.mjs";

let stream, tenant;
const [here, there] = [newRegion(), newRegion()];

before(async () => {
  stream = await EventStream.open();
  [tenant] = await traders(1);
});
after(() => {
  stream?.close();
  tenant?.client.disconnect();
});

const post = async (region) => (await tenant.does("market", "CreateOrder", {
  tenant: tenant.address, spec: orderSpec(region), deposit: coin(ORDER_DEPOSIT),
})).orderId;
const eventsOf = (id) => stream.messages.filter((message) => message.id === id && message.event);

test("each subscription is told what it named, and nothing else", async () => {
  await stream.subscribe("here", { topics: ["market.order.created"], filter: { region: here } });
  await stream.subscribe("there", { topics: ["market.order.*"], filter: { region: there } });
  await stream.subscribe("deposits", { topics: ["escrow.deposited"], filter: { depositor: tenant.address } });
  const first = await post(here);
  const second = await post(there);
  await tenant.does("market", "CancelOrder", { tenant: tenant.address, orderId: second });
  await stream.event("market.order.cancelled", { order_id: second });
  const told = (id) => eventsOf(id).map(({ event }) => event.topic);
  assert.deepEqual(told("here"), ["market.order.created"]);
  assert.deepEqual(told("there"), ["market.order.created", "market.order.cancelled"]);
  assert.deepEqual(told("deposits"), ["escrow.deposited", "escrow.deposited"]);
  const [{ event }] = eventsOf("here");
  assert.equal(event.attributes.find(({ key }) => key === "order_id").value, first);
  assert.equal(event.tx_index >= 0, true);
});

test("a subscription resumes from a sequence, on every node the same", async () => {
  const [{ event: first }, { event: last }] = eventsOf("there");
  const from = { topics: ["market.order.*"], filter: { region: there }, from_sequence: first.sequence + 1 };
  const { subscribed } = await stream.subscribe("resumed", from);
  assert.equal(subscribed.next_sequence, first.sequence + 1);
  const { event } = await stream.until((message) => message.id === "resumed" && message.event);
  assert.deepEqual(event, last);
  const { events } = await get(`/virtengine/events/v1/events?from_sequence=${first.sequence}&limit=1`);
  assert.equal(events[0].topic, first.topic);
});

test("an unsubscribed client is told nothing more", async () => {
  const answer = await stream.ask({ unsubscribe: { id: "here" } });
  assert.ok(answer.unsubscribed.next_sequence > 0);
  await stream.subscribe("later", { topics: ["market.order.created"], filter: { region: here } });
  const told = eventsOf("here").length;
  const again = await post(here);
  await stream.until(({ id, event }) => id === "later" && event);
  assert.equal(eventsOf("here").length, told);
  await tenant.does("market", "CancelOrder", { tenant: tenant.address, orderId: again });
});

test("requests that cannot be served are answered and the connection stays", async () => {
  const twice = await stream.subscribe("later");
  assert.match(twice.error.message, /already a subscription/);
  const topics = await stream.subscribe("bad", { topics: ["Not A Topic!"] });
  assert.ok(topics.error.message.length > 0);
  const missing = await stream.ask({ unsubscribe: { id: "never" } });
  assert.match(missing.error.message, /no subscription/);
  for (const text of ["{", "[]", "null", '{"subscribe":{}}', '{"subscribe":{"id":"x","other":1}}']) {
    const from = stream.messages.length;
    stream.socket.send(text);
    const { error } = await stream.until((message) => message.id === null, from);
    assert.ok(error.message.length > 0, text);
  }
  const { subscribed } = await stream.subscribe("still here");
  assert.ok(subscribed.next_sequence > 0);
});
