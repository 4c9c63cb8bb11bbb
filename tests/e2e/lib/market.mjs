// The marketplace's own messages for CosmJS, from the project's .proto files.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { Registry } from "@cosmjs/proto-signing";
import { assertIsDeliverTxSuccess, defaultRegistryTypes } from "@cosmjs/stargate";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import protobuf from "protobufjs";
import { addressOf, coin, denom, feeFor, fund, get, newWallet, signing } from "./devnet.mjs";

const root = new protobuf.Root();
root.resolvePath = (_, target) => join(process.env.PROTO, target);
await root.load(["virtengine/market/v1/market.proto", "virtengine/provider/v1/provider.proto"]);

/** The type that a type URL names. */
const typeOf = (url) => root.lookupType(url.slice(1));

function generated(url) {
  const type = typeOf(url);
  return {
    fromPartial: (value) => type.fromObject(value),
    encode: (message, writer) => type.encode(message, writer),
    decode: (bytes) => type.decode(bytes),
  };
}

const VERBS = {
  market: [
    "CreateOrder", "CancelOrder", "SubmitBid", "WithdrawBid", "AcceptBid", "ConfirmLease", "CloseLease",
    "WithdrawEarnings", "ReleaseBid", "DepositEscrow",
  ],
  provider: ["RegisterProvider", "UpdateProvider", "DeregisterProvider", "AttestProvider", "RevokeAttestation"],
};
const urls = Object.entries(VERBS)
  .flatMap(([module, verbs]) => verbs.map((verb) => `/virtengine.${module}.v1.Msg${verb}`));

/** CosmJS's registry with our messages. */
export const registry = new Registry([...defaultRegistryTypes, ...urls.map((url) => [url, generated(url)])]);

/** A message of ours: `msg("market", "AcceptBid", {...})`. */
export function msg(module, verb, value) {
  return { typeUrl: `/virtengine.${module}.v1.Msg${verb}`, value };
}

/** The answer to the only message of a transaction that succeeded, 64-bit numbers as strings. */
export function answerTo(result) {
  assertIsDeliverTxSuccess(result);
  assert.equal(result.msgResponses.length, 1);
  const [{ typeUrl, value }] = result.msgResponses;
  const type = typeOf(typeUrl);
  return type.toObject(type.decode(value), { longs: String });
}

/** An account's client, for one message at a time. */
export class Trader {
  constructor({ client, address }) {
    Object.assign(this, { client, address });
    /** All fees paid so far. */
    this.fees = 0n;
  }

  /** Signs and broadcasts one message and waits for its block. */
  async send(module, verb, value, gas = 500_000) {
    const fee = feeFor(gas);
    const result = await this.client.signAndBroadcast(this.address, [msg(module, verb, value)], fee);
    this.fees += BigInt(fee.amount[0].amount);
    return result;
  }

  /** The same, which must succeed. */
  async does(module, verb, value, gas) {
    return answerTo(await this.send(module, verb, value, gas));
  }

  /** The same, which must fail in its block with this code and change nothing. */
  async fails(module, verb, value, code, codespace = module, log = /./) {
    const result = await this.send(module, verb, value);
    assert.equal(result.code, code, result.rawLog);
    assert.match(result.rawLog, log);
    const { tx_response: seen } = await get(`/cosmos/tx/v1beta1/txs/${result.transactionHash}`);
    assert.deepEqual([seen.codespace, seen.code], [codespace, code], result.rawLog);
    return result;
  }

  /** A signed transaction in base64, for the REST write routes. */
  async signed(module, verb, value, gas = 500_000) {
    const fee = feeFor(gas);
    const raw = await this.client.sign(this.address, [msg(module, verb, value)], fee, "");
    this.fees += BigInt(fee.amount[0].amount);
    return Buffer.from(TxRaw.encode(raw).finish()).toString("base64");
  }
}

/** A region that no other test and no daemon sells in. */
export const newRegion = () => `e2e-${randomBytes(5).toString("hex")}`;

/** A small order in `region`; `change` replaces fields. */
export function orderSpec(region, change = {}) {
  return {
    name: "web",
    resources: [{
      cpuMilli: 500,
      memoryBytes: 512 * 1024 * 1024,
      storage: [{ name: "data", bytes: 1024 * 1024 * 1024 }],
      endpoints: [{ kind: "ENDPOINT_KIND_SHARED_HTTP", count: 1 }],
      count: 1,
    }],
    region,
    maxPrice: coin(1000),
    bidWindow: 100,
    selection: "SELECTION_MANUAL",
    manifestHash: createHash("sha256").update("manifest").digest(),
    ...change,
  };
}

export const order = async (id) => get(`/virtengine/market/v1/orders/${id}`);
export const bid = async (id) => (await get(`/virtengine/market/v1/bids/${id}`)).bid;
export const lease = async (id) => (await get(`/virtengine/market/v1/leases/${id}`)).lease;

/** All coins of the base denomination that exist. */
export async function supply(denom) {
  const { amount } = await get(`/cosmos/bank/v1beta1/supply/by_denom?denom=${denom}`);
  return BigInt(amount.amount);
}

/** What the community pool holds, in base units. */
export async function communityPool(denom) {
  const { pool } = await get("/cosmos/distribution/v1beta1/community_pool");
  const amount = pool.find((entry) => entry.denom === denom)?.amount ?? "0";
  const [whole, fraction = ""] = amount.split(".");
  assert.match(fraction, /^0*$/);
  return BigInt(whole);
}

/** What each new trader owns. */
export const FUNDS = 20_000_000n;
/** Deposit of an order: four times the least. */
export const ORDER_DEPOSIT = 2_000_000n;
/** Deposit of a bid: the least. */
export const BID_DEPOSIT = 100_000n;

/** `count` new traders, paid by one transaction. */
export async function traders(count) {
  const wallets = await Promise.all(Array.from({ length: count }, newWallet));
  const addresses = await Promise.all(wallets.map(addressOf));
  await fund(addresses, FUNDS);
  return Promise.all(wallets.map(async (wallet, index) =>
    new Trader({ client: await signing(wallet, { registry }), address: addresses[index] })));
}

/** Registers a provider that sells in `region`. */
export const sellsIn = (provider, region) => provider.does("provider", "RegisterProvider", {
  owner: provider.address,
  hostUri: "https://provider.example:8443",
  attributes: [{ key: "region", value: region }, { key: "tier", value: "premium" }],
  email: "ops@provider.example",
});

/** The sums of what `escrow.withdrawn` tells of a lease: paid to the provider, and taken for the pool. */
export function payouts(stream, leaseId) {
  const amounts = { paid: 0n, take: 0n };
  for (const { event } of stream.messages) {
    if (event?.topic !== "escrow.withdrawn") continue;
    const of = Object.fromEntries(event.attributes.map(({ key, value }) => [key, value]));
    if (of.lease_id !== leaseId) continue;
    amounts.paid += BigInt(of.amount.replace(denom, ""));
    amounts.take += BigInt(of.take.replace(denom, ""));
  }
  return amounts;
}
