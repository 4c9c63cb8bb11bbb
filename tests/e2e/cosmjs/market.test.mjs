// A lease with CosmJS: from order to bid to streamed payment to close, every coin accounted for.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { balance, blocksLater, coin, denom, get } from "../lib/devnet.mjs";
import { EventStream } from "../lib/events.mjs";
import {
  BID_DEPOSIT, FUNDS, ORDER_DEPOSIT, bid, communityPool, lease, newRegion, order, orderSpec, payouts, sellsIn, supply,
  traders,
} from "../lib/market.mjs";

/** Share of payments for the community pool, in hundredths of a percent. */
const TAKE_BPS = 200n;

describe("a lease from order to close", () => {
  const region = newRegion();
  let tenant, provider, rival, stream, orderId, bidId, rivalBid, leaseId, supplyBefore, poolBefore;

  before(async () => {
    stream = await EventStream.open();
    await stream.subscribe("all", { topics: ["market.*", "escrow.*", "provider.*"] });
    [tenant, provider, rival] = await traders(3);
    supplyBefore = await supply(denom);
    poolBefore = await communityPool(denom);
  });
  after(() => {
    stream?.close();
    for (const trader of [tenant, provider, rival]) trader?.client.disconnect();
  });

  test("providers register", async () => {
    await sellsIn(provider, region);
    await sellsIn(rival, region);
    const { provider: seen } = await get(`/virtengine/provider/v1/providers/${provider.address}`);
    assert.equal(seen.owner, provider.address);
    assert.equal(seen.host_uri, "https://provider.example:8443");
    assert.ok(seen.attributes.some(({ key, value }) => key === "region" && value === region));
    const { providers } = await get(`/virtengine/provider/v1/providers?attribute=region%3D${region}`);
    assert.deepEqual(providers.map(({ owner }) => owner).toSorted(), [provider.address, rival.address].toSorted());
    await stream.event("provider.registered", { provider: provider.address, region });
  });

  test("the tenant posts an order, which locks its deposit", async () => {
    const spec = orderSpec(region);
    const { orderId: id } =
      await tenant.does("market", "CreateOrder", { tenant: tenant.address, spec, deposit: coin(ORDER_DEPOSIT) });
    orderId = id;
    const { order: seen, escrow } = await order(orderId);
    assert.equal(seen.status, "ORDER_STATUS_OPEN");
    assert.equal(seen.tenant, tenant.address);
    assert.equal(seen.id, orderId);
    assert.equal(seen.spec.resources[0].cpu_milli, "500");
    assert.deepEqual(seen.spec.max_price, coin(1000));
    assert.equal(seen.spec.manifest_hash, spec.manifestHash.toString("base64"));
    assert.deepEqual(escrow.balance, coin(ORDER_DEPOSIT));
    assert.equal(await balance(tenant.client, tenant.address), FUNDS - ORDER_DEPOSIT - tenant.fees);
    await stream.event("market.order.created", { order_id: orderId, tenant: tenant.address, region, class: "cpu" });
    const { orders } = await get(`/virtengine/market/v1/orders?region=${region}&status=ORDER_STATUS_OPEN`);
    assert.deepEqual(orders.map(({ id }) => id), [orderId]);
  });

  test("providers bid, which locks their deposits", async () => {
    const offer = (trader, price) => trader.does("market", "SubmitBid", {
      provider: trader.address, orderId, price: coin(price), deposit: coin(BID_DEPOSIT),
    });
    ({ bidId } = await offer(provider, 400));
    ({ bidId: rivalBid } = await offer(rival, 500));
    const seen = await bid(bidId);
    assert.equal(seen.status, "BID_STATUS_OPEN");
    assert.deepEqual(seen.price, coin(400));
    assert.equal(seen.deposit_locked, true);
    const { bids } = await get(`/virtengine/market/v1/orders/${orderId}/bids`);
    assert.deepEqual(bids.map(({ id }) => id).toSorted(), [bidId, rivalBid].toSorted());
    assert.equal((await order(orderId)).order.open_bids, 2);
    assert.equal(await balance(provider.client, provider.address), FUNDS - BID_DEPOSIT - provider.fees);
    await stream.event("market.bid.created", { order_id: orderId, bid_id: bidId, provider: provider.address });
  });

  test("bids that break a rule are refused", async () => {
    const offer = (trader, change) => trader.fails.bind(trader, "market", "SubmitBid", {
      provider: trader.address, orderId, price: coin(100), deposit: coin(BID_DEPOSIT), ...change,
    });
    await offer(rival, { price: coin(1001) })(16, "market", /1001/);
    await offer(rival, { deposit: coin(BID_DEPOSIT - 1n) })(17);
    await offer(rival, {})(18);
    await offer(tenant, {})(15);
    await offer(rival, { orderId: "1" })(2);
    const [stranger] = await traders(1);
    await offer(stranger, {})(2, "provider");
    stranger.client.disconnect();
  });

  test("only the tenant accepts; the lease begins and the loser's deposit returns", async () => {
    await rival.fails("market", "AcceptBid", { tenant: rival.address, bidId }, 5);
    ({ leaseId } = await tenant.does("market", "AcceptBid", { tenant: tenant.address, bidId }));
    const seen = await lease(leaseId);
    assert.equal(seen.status, "LEASE_STATUS_ACTIVE");
    assert.equal(seen.provider, provider.address);
    assert.equal(seen.confirmed, false);
    assert.deepEqual(seen.price, coin(400));
    assert.equal((await order(orderId)).order.status, "ORDER_STATUS_MATCHED");
    assert.equal((await bid(bidId)).status, "BID_STATUS_WON");
    await stream.event("market.order.matched", { order_id: orderId, bid_id: bidId, lease_id: leaseId });
    await stream.event("market.lease.created", { lease_id: leaseId });
    await stream.event("market.bid.lost", { bid_id: rivalBid });
    assert.equal((await bid(rivalBid)).status, "BID_STATUS_LOST");
    assert.equal(await balance(rival.client, rival.address), FUNDS - rival.fees);
    await tenant.fails("market", "AcceptBid", { tenant: tenant.address, bidId: rivalBid }, 11);
  });

  test("the provider confirms", async () => {
    await rival.fails("market", "ConfirmLease", { provider: rival.address, leaseId }, 6);
    await provider.does("market", "ConfirmLease", { provider: provider.address, leaseId });
    assert.equal((await lease(leaseId)).confirmed, true);
    assert.equal((await order(orderId)).order.status, "ORDER_STATUS_ACTIVE");
    await stream.event("market.order.active", { order_id: orderId });
  });

  test("payment streams every block and is withdrawn, less the take", async () => {
    const { created_height: begun } = await lease(leaseId);
    await blocksLater(tenant.client, 3);
    const { account } = await get(`/virtengine/escrow/v1/accounts/${orderId}`);
    const blocks = BigInt(account.settled_height) - BigInt(begun);
    assert.ok(blocks >= 3n, `settled ${blocks} blocks`);
    assert.equal(BigInt(account.stream.earned.amount), 400n * blocks);
    assert.equal(BigInt(account.balance.amount), ORDER_DEPOSIT - 400n * blocks);

    const before = await balance(provider.client, provider.address);
    const feesBefore = provider.fees;
    const { amount } = await provider.does("market", "WithdrawEarnings", { provider: provider.address, leaseId });
    const event = await stream.event("escrow.withdrawn", { lease_id: leaseId });
    const earned = 400n * (BigInt(event.height) - BigInt(begun));
    const take = (earned * TAKE_BPS) / 10_000n;
    assert.deepEqual(amount, coin(earned - take));
    const grown = (await balance(provider.client, provider.address)) - before;
    assert.equal(grown, earned - take - (provider.fees - feesBefore));
  });

  test("the tenant closes, and every coin is where it belongs", async () => {
    await rival.fails("market", "CloseLease", { sender: rival.address, leaseId }, 7);
    await tenant.does("market", "CloseLease", { sender: tenant.address, leaseId });
    await stream.event("market.lease.closed", { lease_id: leaseId, reason: "tenant" });
    const seen = await lease(leaseId);
    assert.equal(seen.status, "LEASE_STATUS_CLOSED");
    assert.equal(seen.close_reason, "CLOSE_REASON_TENANT");
    const { order: closed, escrow } = await order(orderId);
    assert.equal(closed.status, "ORDER_STATUS_CLOSED");
    assert.equal(escrow, null);

    const streamed = 400n * (BigInt(seen.closed_height) - BigInt(seen.created_height));
    const { paid, take } = payouts(stream, leaseId);
    assert.equal(paid + take, streamed);
    assert.equal(await balance(tenant.client, tenant.address), FUNDS - tenant.fees - streamed);
    assert.equal(await balance(provider.client, provider.address), FUNDS - provider.fees + paid);
    assert.equal(await balance(rival.client, rival.address), FUNDS - rival.fees);
    assert.ok((await communityPool(denom)) - poolBefore >= take);
    assert.equal(await supply(denom), supplyBefore);
    const { provider: record } = await get(`/virtengine/provider/v1/providers/${provider.address}`);
    assert.equal(record.active_leases, 0);
    assert.equal(record.completed_leases, "1");
  });

  test("an ended lease is neither closed, confirmed nor withdrawn from again", async () => {
    await tenant.fails("market", "CloseLease", { sender: tenant.address, leaseId }, 24);
    await provider.fails("market", "ConfirmLease", { provider: provider.address, leaseId }, 24);
    await provider.fails("market", "WithdrawEarnings", { provider: provider.address, leaseId }, 24);
  });

  test("the event log replays the whole story in order", async () => {
    const replay = await EventStream.open();
    await replay.subscribe("again", { filter: { order_id: orderId }, from_sequence: 1 });
    await replay.event("market.order.closed", { order_id: orderId });
    const topics = replay.messages.filter(({ event }) => event).map(({ event }) => event.topic);
    const story = [
      "market.order.created", "market.bid.created", "market.order.matched", "market.lease.confirmed",
      "escrow.withdrawn", "market.lease.closed", "market.order.closed",
    ];
    const places = story.map((topic) => topics.indexOf(topic));
    assert.ok(places.every((place) => place >= 0), `${story} in ${topics}`);
    assert.deepEqual(places.slice(0, 5), places.slice(0, 5).toSorted((a, b) => a - b));
    const sequences = replay.messages.filter(({ event }) => event).map(({ event }) => event.sequence);
    assert.deepEqual(sequences, sequences.toSorted((a, b) => a - b));
    assert.equal(new Set(sequences).size, sequences.length);
    const { events } = await get(`/virtengine/events/v1/events?from_sequence=${sequences[0]}&limit=1`);
    assert.equal(events[0].sequence, String(sequences[0]));
    assert.equal(events[0].topic, topics[0]);
    replay.close();
  });
});
