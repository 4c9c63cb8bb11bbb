// Every REST route that wallets, explorers and SDKs read, with the fields they read.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { coin, chainId, denom, devnet, funded, get, newWallet, addressOf, prefix, rest } from "../lib/devnet.mjs";
import {
  any, base64, bool, coinShape, decimal, duration, filled, has, hasExactly, hash64, hex, int, list, nothing, num, page,
  text, time,
} from "../lib/shape.mjs";

const validatorShape = {
  operator_address: filled,
  consensus_pubkey: { "@type": filled, key: base64 },
  jailed: bool,
  status: filled,
  tokens: int,
  delegator_shares: decimal,
  description: { moniker: filled, identity: text, website: text, security_contact: text, details: text },
  unbonding_height: int,
  unbonding_time: time,
  commission: {
    commission_rates: { rate: decimal, max_rate: decimal, max_change_rate: decimal },
    update_time: time,
  },
  min_self_delegation: int,
};
const idShape = { hash: base64, part_set_header: { total: num, hash: base64 } };
const headerShape = {
  version: { block: int, app: int },
  chain_id: filled,
  height: int,
  time,
  last_block_id: { hash: text, part_set_header: { total: num, hash: text } },
  last_commit_hash: text, data_hash: text, validators_hash: text, next_validators_hash: text, consensus_hash: text,
  app_hash: base64, last_results_hash: text, evidence_hash: text, proposer_address: filled,
};
const blockShape = {
  block_id: idShape,
  block: { header: headerShape, data: { txs: list(base64, 0) }, evidence: { evidence: list(any, 0) }, last_commit: any },
  sdk_block: { header: headerShape },
};
const txShape = {
  body: {
    messages: list({ "@type": filled }), memo: text, timeout_height: int, extension_options: list(any, 0),
    non_critical_extension_options: list(any, 0),
  },
  auth_info: {
    signer_infos: list({ public_key: { "@type": filled, key: base64 }, mode_info: any, sequence: int }),
    fee: { amount: list(coinShape), gas_limit: int, payer: text, granter: text },
  },
  signatures: list(base64),
};
const responseShape = {
  height: int, txhash: hash64, codespace: text, code: num, data: hex, raw_log: text, logs: list(any, 0), info: text,
  gas_wanted: int, gas_used: int, timestamp: time,
  tx: { "@type": filled, ...txShape },
  events: list({ type: filled, attributes: list({ key: filled, value: text, index: bool }) }),
};

let alice, bob, sent, validators, delegated;

before(async () => {
  alice = await funded(10_000_000n);
  bob = await addressOf(await newWallet());
  ({ validators } = await get("/cosmos/staking/v1beta1/validators?status=BOND_STATUS_BONDED&pagination.limit=1000"));
  sent = await alice.client.sendTokens(alice.address, bob, [coin(321)], "auto", "rest");
  const [first, second] = validators.map((validator) => validator.operator_address);
  await alice.client.delegateTokens(alice.address, first, coin(9000), "auto");
  await alice.client.undelegateTokens(alice.address, first, coin(2000), "auto");
  const move = {
    typeUrl: "/cosmos.staking.v1beta1.MsgBeginRedelegate",
    value: {
      delegatorAddress: alice.address, validatorSrcAddress: first, validatorDstAddress: second, amount: coin(3000),
    },
  };
  await alice.client.signAndBroadcast(alice.address, [move], "auto");
  delegated = first;
});
after(() => alice?.client.disconnect());

describe("accounts and balances", () => {
  test("an account", async () => {
    hasExactly(await get(`/cosmos/auth/v1beta1/accounts/${alice.address}`), {
      account: {
        "@type": { name: "a base account", test: (value) => value === "/cosmos.auth.v1beta1.BaseAccount" },
        address: filled, pub_key: { "@type": filled, key: base64 }, account_number: int, sequence: int,
      },
    });
    has(await get(`/cosmos/auth/v1beta1/accounts/${bob}`), { account: { pub_key: nothing } });
    has(await get(`/cosmos/auth/v1beta1/account_info/${alice.address}`), { info: { address: filled, sequence: int } });
    const absent = await rest(`/cosmos/auth/v1beta1/accounts/${await addressOf(await newWallet())}`);
    assert.equal(absent.status, 404);
    hasExactly(absent.json, { code: num, message: filled, details: list(any, 0) });
    assert.equal(absent.json.code, 5);
  });

  test("accounts by page, each once", async () => {
    const seen = new Set();
    let key = "";
    do {
      const answer = await get(`/cosmos/auth/v1beta1/accounts?pagination.limit=3&pagination.key=${encodeURIComponent(key)}`);
      has(answer, { accounts: list({ "@type": filled }), pagination: page });
      assert.ok(answer.accounts.length <= 3);
      for (const account of answer.accounts) {
        const { address } = account.base_account ?? account;
        assert.ok(!seen.has(address), address);
        seen.add(address);
      }
      key = answer.pagination.next_key ?? "";
    } while (key && seen.size < 5000);
    assert.ok(seen.has(alice.address) && seen.has(bob));
    assert.equal(key, "");
    has(await get("/cosmos/auth/v1beta1/params"), { params: { max_memo_characters: int } });
  });

  test("pages by number, counted and reversed", async () => {
    const path = `/cosmos/staking/v1beta1/delegations/${alice.address}`;
    const all = (await get(path)).delegation_responses;
    const counted = await get(`${path}?pagination.offset=1&pagination.limit=1&pagination.count_total=true`);
    assert.deepEqual(counted.delegation_responses, [all[1]]);
    assert.deepEqual(counted.pagination, { next_key: null, total: "2" });
    const turned = await get(`${path}?pagination.reverse=true&pagination.limit=1`);
    assert.deepEqual(turned.delegation_responses, [all[1]]);
    const key = encodeURIComponent(turned.pagination.next_key);
    assert.deepEqual((await get(`${path}?pagination.reverse=true&pagination.key=${key}`)).delegation_responses, [all[0]]);
    assert.equal((await rest(`${path}?pagination.offset=1&pagination.key=${key}`)).status, 400);
  });

  test("module accounts and prefixes", async () => {
    const { accounts } = await get("/cosmos/auth/v1beta1/module_accounts");
    has(accounts, list({ "@type": filled, base_account: { address: filled }, name: filled, permissions: list(text, 0) }));
    const { account } = await get("/cosmos/auth/v1beta1/module_accounts/fee_collector");
    assert.deepEqual(account, accounts.find(({ name }) => name === "fee_collector"));
    assert.ok(account.base_account.address.startsWith(`${prefix}17xpfvakm2amg962yls6f84z3kell8c5l`));
    assert.deepEqual(await get("/cosmos/auth/v1beta1/bech32"), { bech32_prefix: prefix });
  });

  test("balances", async () => {
    const all = await get(`/cosmos/bank/v1beta1/balances/${bob}`);
    hasExactly(all, { balances: list(coinShape), pagination: page });
    assert.deepEqual(all.balances, [coin(321)]);
    const one = await get(`/cosmos/bank/v1beta1/balances/${bob}/by_denom?denom=${denom}`);
    assert.deepEqual(one, { balance: coin(321) });
    const none = await get(`/cosmos/bank/v1beta1/balances/${bob}/by_denom?denom=unothing`);
    assert.deepEqual(none, { balance: coin(0, "unothing") });
    has(await get(`/cosmos/bank/v1beta1/spendable_balances/${bob}`), { balances: list(coinShape), pagination: page });
    assert.equal((await rest("/cosmos/bank/v1beta1/spendable_balances/test")).status, 400);
  });

  test("supply and denominations", async () => {
    const { supply } = await get("/cosmos/bank/v1beta1/supply");
    has(supply, list(coinShape));
    const { amount } = await get(`/cosmos/bank/v1beta1/supply/by_denom?denom=${denom}`);
    assert.deepEqual(amount, supply.find((coin) => coin.denom === denom));
    assert.deepEqual((await get(`/cosmos/bank/v1beta1/supply/${denom}`)).amount, amount);
    const metadata = { base: filled, display: filled, denom_units: list({ denom: filled, exponent: num }) };
    hasExactly(await get("/cosmos/bank/v1beta1/denoms_metadata"), { metadatas: list(metadata), pagination: page });
    assert.equal((await get(`/cosmos/bank/v1beta1/denoms_metadata/${denom}`)).metadata.base, denom);
    const spendable = await get(`/cosmos/bank/v1beta1/spendable_balances/${bob}/by_denom?denom=${denom}`);
    assert.deepEqual(spendable, { balance: coin(321) });
    has(await get("/cosmos/bank/v1beta1/params"), { params: any });
  });
});

describe("transactions", () => {
  test("one by its hash", async () => {
    const answer = await get(`/cosmos/tx/v1beta1/txs/${sent.transactionHash}`);
    hasExactly(answer, { tx: txShape, tx_response: responseShape });
    assert.equal(answer.tx.body.messages[0]["@type"], "/cosmos.bank.v1beta1.MsgSend");
    assert.deepEqual(answer.tx.body.messages[0].amount, [coin(321)]);
    assert.deepEqual(answer.tx_response.tx.body, answer.tx.body);
    assert.equal(answer.tx_response.height, String(sent.height));
    const absent = await rest(`/cosmos/tx/v1beta1/txs/${"AB".repeat(32)}`);
    assert.equal(absent.status, 404);
    assert.match(absent.json.message, /tx not found: (AB){32}/i);
  });

  test("a search, in both spellings and both orders", async () => {
    const query = encodeURIComponent(`message.sender='${alice.address}'`);
    const answer = await get(`/cosmos/tx/v1beta1/txs?query=${query}`);
    has(answer, { txs: list(txShape, 4), tx_responses: list(responseShape, 4), total: int, pagination: any });
    assert.equal(answer.total, "4");
    assert.equal(answer.pagination.total, "4");
    const heights = answer.tx_responses.map(({ height }) => Number(height));
    assert.deepEqual(heights, heights.toSorted((a, b) => a - b));
    const sends = encodeURIComponent("message.action='/cosmos.bank.v1beta1.MsgSend'");
    const both = await get(`/cosmos/tx/v1beta1/txs?events=${query}&events=${sends}`);
    assert.deepEqual(both.tx_responses.map(({ txhash }) => txhash), [sent.transactionHash]);
    for (const order of ["ORDER_BY_DESC", "2"]) {
      const latest = await get(`/cosmos/tx/v1beta1/txs?query=${query}&order_by=${order}&limit=1&page=1`);
      assert.deepEqual(latest.tx_responses.map(({ height }) => Number(height)), [heights.at(-1)]);
    }
  });

  test("those of a block", async () => {
    const answer = await get(`/cosmos/tx/v1beta1/txs/block/${sent.height}`);
    has(answer, { txs: list(txShape), block_id: idShape, block: { header: headerShape }, pagination: any });
  });
});

describe("the node and its blocks", () => {
  test("the node", async () => {
    const answer = await get("/cosmos/base/tendermint/v1beta1/node_info");
    has(answer, {
      default_node_info: { network: filled, version: filled, moniker: filled },
      application_version: {
        name: filled, app_name: filled, version: filled, git_commit: text, build_tags: text, go_version: text,
        build_deps: list(any, 0), cosmos_sdk_version: filled,
      },
    });
    assert.equal(answer.default_node_info.network, chainId);
    assert.match(answer.application_version.cosmos_sdk_version, /^v0\.50\.\d+$/);
    assert.match(answer.application_version.version, /^v?\d+\.\d+\.\d+$/);
    assert.deepEqual(await get("/cosmos/base/tendermint/v1beta1/syncing"), { syncing: false });
    const { minimum_gas_price: price } = await get("/cosmos/base/node/v1beta1/config");
    assert.equal(price, devnet.gas_price);
    has(await get("/cosmos/base/node/v1beta1/status"), { height: int });
  });

  test("blocks", async () => {
    const latest = await get("/cosmos/base/tendermint/v1beta1/blocks/latest");
    has(latest, blockShape);
    const { block, sdk_block: shown } = await get(`/cosmos/base/tendermint/v1beta1/blocks/${sent.height}`);
    assert.equal(block.header.height, String(sent.height));
    assert.equal(block.header.chain_id, chainId);
    assert.ok(shown.header.proposer_address.startsWith(`${prefix}valcons1`), shown.header.proposer_address);
    has(await get("/cosmos/base/tendermint/v1beta1/blocks/1"), { block: { header: headerShape } });
    const future = await rest("/cosmos/base/tendermint/v1beta1/blocks/99999999");
    assert.ok(future.status >= 400 && future.status < 500, `status ${future.status}`);
  });

  test("validator sets", async () => {
    const shape = {
      block_height: int,
      validators: list({
        address: filled, pub_key: { "@type": filled, key: base64 }, voting_power: int, proposer_priority: int,
      }, devnet.nodes.length),
      pagination: any,
    };
    const latest = await get("/cosmos/base/tendermint/v1beta1/validatorsets/latest");
    has(latest, shape);
    assert.ok(latest.validators.every(({ address }) => address.startsWith(`${prefix}valcons1`)));
    has(await get(`/cosmos/base/tendermint/v1beta1/validatorsets/${sent.height}`), shape);
  });

  test("an abci query", async () => {
    const path = encodeURIComponent("/cosmos.bank.v1beta1.Query/Params");
    has(await get(`/cosmos/base/tendermint/v1beta1/abci_query?path=${path}`), { code: num, height: int });
  });

  test("consensus parameters, also where they were", async () => {
    const { param } = await get("/cosmos/params/v1beta1/params?subspace=baseapp&key=BlockParams");
    has(JSON.parse(param.value), { max_bytes: int, max_gas: int });
    has(await get("/cosmos/consensus/v1/params"), {
      params: { block: { max_bytes: int, max_gas: int }, evidence: any, validator: { pub_key_types: list(filled) } },
    });
  });
});

describe("staking and distribution", () => {
  test("validators", async () => {
    assert.equal(validators.length, devnet.nodes.length);
    has(validators, list(validatorShape, devnet.nodes.length));
    hasExactly(await get(`/cosmos/staking/v1beta1/validators/${delegated}`), { validator: validatorShape });
    const { validators: unbonded } = await get("/cosmos/staking/v1beta1/validators?status=BOND_STATUS_UNBONDED");
    assert.deepEqual(unbonded, []);
    assert.equal((await rest("/cosmos/staking/v1beta1/validators/nonsense")).status, 400);
  });

  test("delegations", async () => {
    const delegation = {
      delegation: { delegator_address: filled, validator_address: filled, shares: decimal },
      balance: coinShape,
    };
    const base = "/cosmos/staking/v1beta1";
    const all = await get(`${base}/delegations/${alice.address}`);
    has(all, { delegation_responses: list(delegation, 2), pagination: page });
    const total = all.delegation_responses.reduce((sum, { balance }) => sum + Number(balance.amount), 0);
    assert.equal(total, 7000);
    const one = await get(`${base}/validators/${delegated}/delegations/${alice.address}`);
    assert.deepEqual(one.delegation_response.balance, coin(4000));
    has(await get(`${base}/validators/${delegated}/delegations?pagination.limit=2`), {
      delegation_responses: list(delegation, 1), pagination: page,
    });
    const entry = { creation_height: int, completion_time: time, initial_balance: int, balance: int };
    has(await get(`${base}/validators/${delegated}/delegations/${alice.address}/unbonding_delegation`), {
      unbond: { delegator_address: filled, validator_address: filled, entries: list(entry) },
    });
    const { unbonding_responses: unbonding } = await get(`${base}/delegators/${alice.address}/unbonding_delegations`);
    assert.equal(unbonding[0].entries[0].balance, "2000");
    const { redelegation_responses: moved } = await get(`${base}/delegators/${alice.address}/redelegations`);
    assert.equal(moved[0].entries[0].balance, "3000");
    has(await get(`${base}/delegators/${alice.address}/validators`), { validators: list(validatorShape, 2) });
    has(await get(`${base}/delegators/${alice.address}/validators/${delegated}`), { validator: validatorShape });
    const absent = await rest(`${base}/validators/${delegated}/delegations/${bob}`);
    assert.equal(absent.status, 404);
    assert.match(absent.json.message, /not found/);
  });

  test("parameters and pool", async () => {
    has(await get("/cosmos/staking/v1beta1/params"), {
      params: {
        unbonding_time: duration, max_validators: num, max_entries: num, historical_entries: num, bond_denom: filled,
        min_commission_rate: decimal,
      },
    });
    const { pool } = await get("/cosmos/staking/v1beta1/pool");
    has(pool, { bonded_tokens: int, not_bonded_tokens: int });
    const tokens = validators.reduce((sum, validator) => sum + BigInt(validator.tokens), 0n);
    assert.ok(BigInt(pool.bonded_tokens) >= tokens, `${pool.bonded_tokens} of ${tokens}`);
  });

  test("rewards", async () => {
    const base = "/cosmos/distribution/v1beta1";
    has(await get(`${base}/delegators/${alice.address}/rewards`), {
      rewards: list({ validator_address: filled, reward: list(any, 0) }, 0), total: list(any, 0),
    });
    has(await get(`${base}/delegators/${alice.address}/rewards/${delegated}`), { rewards: list(any, 0) });
    has(await get(`${base}/params`), { params: { community_tax: decimal, withdraw_addr_enabled: bool } });
    has(await get(`${base}/community_pool`), { pool: list({ denom: filled, amount: decimal }, 0) });
    has(await get(`${base}/validators/${delegated}/commission`), { commission: { commission: list(any, 0) } });
    has(await get(`${base}/validators/${delegated}/outstanding_rewards`), { rewards: { rewards: list({ denom: filled, amount: decimal }) } });
    has(await get(`${base}/validators/${delegated}/slashes`), { slashes: list(any, 0) });
    const { validators: mine } = await get(`${base}/delegators/${alice.address}/validators`);
    assert.ok(mine.includes(delegated), mine.join(" "));
    const { withdraw_address: to } = await get(`${base}/delegators/${alice.address}/withdraw_address`);
    assert.equal(to, alice.address);
  });

  test("signing infos", async () => {
    const base = "/cosmos/slashing/v1beta1";
    has(await get(`${base}/params`), {
      params: {
        signed_blocks_window: int, min_signed_per_window: decimal, downtime_jail_duration: duration,
        slash_fraction_double_sign: decimal, slash_fraction_downtime: decimal,
      },
    });
    const info = {
      address: filled, start_height: int, index_offset: int, jailed_until: time, tombstoned: bool, missed_blocks_counter: int,
    };
    const all = await get(`${base}/signing_infos`);
    has(all, { info: list(info, devnet.nodes.length), pagination: page });
    const one = await get(`${base}/signing_infos/${all.info[0].address}`);
    assert.deepEqual(one.val_signing_info, all.info[0]);
    assert.equal(one.val_signing_info.tombstoned, false);
    assert.equal((await rest(`${base}/signing_infos/${alice.address}`)).status, 400);
  });
});

describe("own modules", () => {
  test("parameters, headers and lists", async () => {
    has(await get("/virtengine/params/v1/params"), { params: { max_tx_bytes: any, take_rate_bps: any } });
    has(await get("/virtengine/chain/v1/headers/latest"), {
      header: { height: int, hash: base64, state_root: base64, partitions: list({ name: filled, root: base64 }, 5) },
    });
    const { header } = await get(`/virtengine/chain/v1/headers/${sent.height}`);
    assert.equal(header.height, String(sent.height));
    for (const name of ["orders", "bids", "leases"]) {
      has(await get(`/virtengine/market/v1/${name}?pagination.limit=2`), { [name]: list(any, 0), pagination: page });
    }
    for (const path of ["market/v1/orders/1", "market/v1/bids/1", "market/v1/leases/1", "escrow/v1/accounts/1",
      `provider/v1/providers/${bob}`]) {
      const { status, json } = await rest(`/virtengine/${path}`);
      assert.equal(status, 404, path);
      assert.match(json.message, /not found/, path);
    }
  });
});
