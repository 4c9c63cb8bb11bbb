// The other ends of orders, bids and leases, and the devnet's own provider.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { balance, coin, eventually, get } from "../lib/devnet.mjs";
import { EventStream } from "../lib/events.mjs";
import {
  BID_DEPOSIT, FUNDS, ORDER_DEPOSIT, bid, lease, newRegion, order, orderSpec, payouts, sellsIn, traders,
} from "../lib/market.mjs";

describe("other ends", () => {
  const region = newRegion();
  let tenant, provider, stream;

  before(async () => {
    stream = await EventStream.open();
    await stream.subscribe("all", { topics: ["market.*", "escrow.*"] });
    [tenant, provider] = await traders(2);
    await sellsIn(provider, region);
  });
  after(() => {
    stream?.close();
    for (const trader of [tenant, provider]) trader?.client.disconnect();
  });

  const post = async (change) => (await tenant.does("market", "CreateOrder", {
    tenant: tenant.address, spec: orderSpec(region, change), deposit: coin(ORDER_DEPOSIT),
  })).orderId;
  const offer = async (orderId, price = 400) => (await provider.does("market", "SubmitBid", {
    provider: provider.address, orderId, price: coin(price), deposit: coin(BID_DEPOSIT),
  })).bidId;

  test("a cancelled order returns its deposit", async () => {
    const before = (await balance(tenant.client, tenant.address)) + tenant.fees;
    const orderId = await post();
    await tenant.does("market", "CancelOrder", { tenant: tenant.address, orderId });
    assert.equal((await order(orderId)).order.status, "ORDER_STATUS_CANCELLED");
    await stream.event("market.order.cancelled", { order_id: orderId });
    assert.equal((await balance(tenant.client, tenant.address)) + tenant.fees, before);
    await tenant.fails("market", "CancelOrder", { tenant: tenant.address, orderId }, 11);
  });

  test("a withdrawn bid returns its deposit at once", async () => {
    const before = (await balance(provider.client, provider.address)) + provider.fees;
    const orderId = await post();
    const bidId = await offer(orderId);
    await provider.does("market", "WithdrawBid", { provider: provider.address, bidId });
    assert.equal((await bid(bidId)).status, "BID_STATUS_WITHDRAWN");
    assert.equal((await balance(provider.client, provider.address)) + provider.fees, before);
    await tenant.does("market", "CancelOrder", { tenant: tenant.address, orderId });
  });

  test("an order with automatic selection is matched by the chain", async () => {
    const orderId = await post({ selection: "SELECTION_AUTO", bidWindow: 5 });
    const bidId = await offer(orderId, 300);
    await tenant.fails("market", "AcceptBid", { tenant: tenant.address, bidId }, 14);
    await stream.event("market.order.matched", { order_id: orderId, bid_id: bidId });
    const { order: seen } = await order(orderId);
    assert.equal(seen.status, "ORDER_STATUS_MATCHED");
    const { created_height: begun } = await lease(seen.lease_id);
    assert.equal(BigInt(begun), BigInt(seen.bids_until) + 1n);
    await provider.does("market", "CloseLease", { sender: provider.address, leaseId: seen.lease_id });
    assert.equal((await lease(seen.lease_id)).close_reason, "CLOSE_REASON_PROVIDER");
  });

  test("an order without bids expires when its window closes", async () => {
    const orderId = await post({ selection: "SELECTION_AUTO", bidWindow: 2 });
    const { height } = await stream.event("market.order.expired", { order_id: orderId });
    const { order: seen, escrow } = await order(orderId);
    assert.equal(seen.status, "ORDER_STATUS_EXPIRED");
    assert.equal(String(height), seen.expires_at);
    assert.equal(escrow, null);
  });

  test("a lease closes at the block its escrow runs out", async () => {
    const before = (await balance(tenant.client, tenant.address)) + tenant.fees;
    const orderId = await post({ maxPrice: coin(1_000_000) });
    const bidId = await offer(orderId, 300_000);
    const { leaseId } = await tenant.does("market", "AcceptBid", { tenant: tenant.address, bidId });
    const { escrow } = await order(orderId);
    assert.deepEqual(escrow.stream.rate, coin(300_000));
    const { height } = await stream.event("market.lease.closed", { lease_id: leaseId, reason: "unfunded" });
    const seen = await lease(leaseId);
    // 2,000,000 pay for six blocks of 300,000; the seventh is not covered.
    assert.equal(BigInt(seen.closed_height), BigInt(seen.created_height) + 7n);
    assert.equal(String(height), seen.closed_height);
    assert.equal(escrow.exhausted_height, seen.closed_height);
    assert.equal(seen.close_reason, "CLOSE_REASON_UNFUNDED");
    assert.equal((await balance(tenant.client, tenant.address)) + tenant.fees, before - ORDER_DEPOSIT);
    const { paid, take } = payouts(stream, leaseId);
    assert.equal(paid + take, ORDER_DEPOSIT);
  });

  test("a tenant that closes may open its order again", async () => {
    const orderId = await post();
    const bidId = await offer(orderId);
    const { leaseId } = await tenant.does("market", "AcceptBid", { tenant: tenant.address, bidId });
    await tenant.does("market", "DepositEscrow", { depositor: tenant.address, orderId, amount: coin(5000) });
    await tenant.does("market", "CloseLease", { sender: tenant.address, leaseId, reopen: true });
    const { order: seen, escrow } = await order(orderId);
    assert.equal(seen.status, "ORDER_STATUS_OPEN");
    const { created_height: begun, closed_height: ended } = await lease(leaseId);
    const paid = 400n * (BigInt(ended) - BigInt(begun));
    assert.equal(BigInt(escrow.balance.amount), ORDER_DEPOSIT + 5000n - paid);
    await stream.event("market.order.reopened", { order_id: orderId });
    const again = await offer(orderId, 350);
    const { leaseId: second } = await tenant.does("market", "AcceptBid", { tenant: tenant.address, bidId: again });
    assert.notEqual(second, leaseId);
    await tenant.does("market", "CloseLease", {
      sender: tenant.address, leaseId: second, reason: "CLOSE_REASON_UNHEALTHY",
    });
    assert.equal((await lease(second)).close_reason, "CLOSE_REASON_UNHEALTHY");
  });

  test("orders that break a rule are refused", async () => {
    const create = (spec, deposit = ORDER_DEPOSIT) =>
      ({ tenant: tenant.address, spec: orderSpec(region, spec), deposit: coin(deposit) });
    await tenant.fails("market", "CreateOrder", create({}, 499_999n), 8, "market", /499999.*500000|500000.*499999/);
    await tenant.fails("market", "CreateOrder", create({ bidWindow: 100_001 }), 9, "market", /100001/);
    const broken = [{ resources: [] }, { maxPrice: coin(0) }, { selection: 0 }, { manifestHash: Buffer.alloc(5) }];
    for (const spec of broken) {
      await assert.rejects(tenant.send("market", "CreateOrder", create(spec)), (error) => {
        assert.ok(error.code > 0 && error.codespace.length > 0, error.message);
        return true;
      });
    }
  });
});

describe("the devnet's provider", () => {
  test("bids on an order it can serve, confirms the lease and withdraws what it earned", async () => {
    const [tenant] = await traders(1);
    const { client, address } = tenant;
    const { providers } = await get("/virtengine/provider/v1/providers?attribute=region%3Dlocal");
    assert.equal(providers.length, 1);
    const { orderId } = await tenant.does("market", "CreateOrder", {
      tenant: address, spec: orderSpec("local"), deposit: coin(ORDER_DEPOSIT),
    });
    const offered = await eventually("a bid of the devnet's provider", async () => {
      const { bids } = await get(`/virtengine/market/v1/orders/${orderId}/bids`);
      return bids[0];
    });
    assert.equal(offered.provider, providers[0].owner);
    assert.ok(BigInt(offered.price.amount) <= 1000n);
    const { leaseId } = await tenant.does("market", "AcceptBid", { tenant: address, bidId: offered.id });
    await eventually("the confirmation", async () => (await lease(leaseId)).confirmed || undefined);
    await tenant.does("market", "CloseLease", { sender: address, leaseId });
    const seen = await lease(leaseId);
    const streamed = BigInt(offered.price.amount) * (BigInt(seen.closed_height) - BigInt(seen.created_height));
    assert.equal(await balance(client, address), FUNDS - tenant.fees - streamed);
    client.disconnect();
  });
});
