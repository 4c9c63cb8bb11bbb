// The REST routes that take a signed transaction of the market.

import assert from "node:assert/strict";
import { test } from "node:test";
import { coin, rest } from "../lib/devnet.mjs";
import { BID_DEPOSIT, ORDER_DEPOSIT, lease, newRegion, order, orderSpec, sellsIn, traders } from "../lib/market.mjs";

test("write routes take signed transactions and answer with the id created", async () => {
  const region = newRegion();
  const [tenant, provider] = await traders(2);
  await sellsIn(provider, region);
  const create = { tenant: tenant.address, spec: orderSpec(region), deposit: coin(ORDER_DEPOSIT) };
  const posted = await rest("/virtengine/market/v1/orders", {
    tx_bytes: await tenant.signed("market", "CreateOrder", create),
  });
  assert.equal(posted.status, 200, JSON.stringify(posted.json));
  const orderId = posted.json.id;
  assert.equal(posted.json.tx_response.code, 0);
  assert.equal((await order(orderId)).order.status, "ORDER_STATUS_OPEN");

  const offer = { provider: provider.address, orderId, price: coin(10), deposit: coin(BID_DEPOSIT) };
  const wrong = await rest(`/virtengine/market/v1/orders`, {
    tx_bytes: await provider.signed("market", "SubmitBid", offer),
  });
  assert.equal(wrong.status, 400);
  assert.match(wrong.json.message, /MsgCreateOrder/);
  const bidding = await rest("/virtengine/market/v1/bids", {
    txBytes: await provider.signed("market", "SubmitBid", offer),
  });
  assert.equal(bidding.status, 200, JSON.stringify(bidding.json));
  const bidId = bidding.json.id;

  const accept = { tenant: tenant.address, bidId };
  const elsewhere = await rest(`/virtengine/market/v1/orders/${BigInt(orderId) + 1n}/allocate`, {
    tx_bytes: await tenant.signed("market", "AcceptBid", accept),
  });
  assert.equal(elsewhere.status, 400, JSON.stringify(elsewhere.json));
  const allocated = await rest(`/virtengine/market/v1/orders/${orderId}/allocate`, {
    tx_bytes: await tenant.signed("market", "AcceptBid", accept),
  });
  assert.equal(allocated.status, 200, JSON.stringify(allocated.json));
  assert.equal((await lease(allocated.json.id)).bid_id, bidId);
  await tenant.does("market", "CloseLease", { sender: tenant.address, leaseId: allocated.json.id });

  const again = await rest("/virtengine/market/v1/bids", {
    tx_bytes: await provider.signed("market", "SubmitBid", { ...offer, orderId: "999" }),
  });
  assert.equal(again.status, 400);
  assert.equal(again.json.id, null);
  assert.equal(again.json.tx_response.codespace, "market");
  for (const body of [{}, { tx_bytes: "%%%" }, { tx_bytes: "AAAA" }, "[", "null"]) {
    const { status } = await rest("/virtengine/market/v1/orders", body);
    assert.equal(status, 400, JSON.stringify(body));
  }
  for (const trader of [tenant, provider]) trader.client.disconnect();
});
