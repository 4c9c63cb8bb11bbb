// Every query of the Cosmos services, over gRPC and over abci_query, and what gRPC tools need besides.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { toHex } from "@cosmjs/encoding";
import { sha256 } from "@cosmjs/crypto";
import { connectComet } from "@cosmjs/tendermint-rpc";
import { BaseAccount, ModuleAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { PageRequest } from "cosmjs-types/cosmos/base/query/v1beta1/pagination";
import { QueryBalanceRequest, QueryBalanceResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { BroadcastMode, OrderBy } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import protobuf from "protobufjs";
import {
  addressOf, chainId, coin, denom, devnet, eventually, feeFor, funded, newWallet, prefix, rpc,
} from "../lib/devnet.mjs";
import { call, channel, exchange, overAbci, overGrpc } from "../lib/grpc.mjs";

const SEND = "/cosmos.bank.v1beta1.MsgSend";
const page = (change) => PageRequest.fromPartial(change);

let client, comet, alice, bob, sent, source, destination;
before(async () => {
  client = channel();
  comet = await connectComet(devnet.rpc);
  alice = await funded(20_000_000n);
  bob = await addressOf(await newWallet());
  sent = await alice.client.sendTokens(alice.address, bob, [coin(77)], "auto", "grpc");
  const { validators } = await overGrpc(client).staking.Validators({ status: "BOND_STATUS_BONDED" });
  [source, destination] = validators.map((validator) => validator.operatorAddress);
  await alice.client.delegateTokens(alice.address, source, coin(9000), "auto");
  await alice.client.undelegateTokens(alice.address, source, coin(2000), "auto");
  const move = {
    typeUrl: "/cosmos.staking.v1beta1.MsgBeginRedelegate",
    value: {
      delegatorAddress: alice.address, validatorSrcAddress: source, validatorDstAddress: destination, amount: coin(3000),
    },
  };
  await alice.client.signAndBroadcast(alice.address, [move], "auto");
});
after(() => {
  alice?.client.disconnect();
  comet?.disconnect();
  client?.close();
});

/** The bytes of a transfer to herself. */
async function signed(fee = feeFor(200_000)) {
  const message = { typeUrl: SEND, value: { fromAddress: alice.address, toAddress: alice.address, amount: [coin(1)] } };
  return TxRaw.encode(await alice.client.sign(alice.address, [message], fee, "")).finish();
}

for (const [transport, make] of [["gRPC", () => overGrpc(client)], ["abci_query", () => overAbci(comet)]]) {
  describe(`queries over ${transport}`, () => {
    let q;
    before(() => { q = make(); });

    test("auth", async () => {
      const { account } = await q.auth.Account({ address: alice.address });
      assert.equal(account.typeUrl, "/cosmos.auth.v1beta1.BaseAccount");
      const { info } = await q.auth.AccountInfo({ address: alice.address });
      assert.deepEqual(BaseAccount.decode(account.value), info);
      assert.equal(info.address, alice.address);
      assert.equal(info.pubKey.typeUrl, "/cosmos.crypto.secp256k1.PubKey");
      const unused = BaseAccount.decode((await q.auth.Account({ address: bob })).account.value);
      assert.deepEqual([unused.pubKey, unused.sequence], [undefined, 0n]);
      const { params } = await q.auth.Params({});
      assert.deepEqual([params.maxMemoCharacters, params.txSigLimit], [256n, 7n]);
      assert.equal((await q.auth.Bech32Prefix({})).bech32Prefix, prefix);
      const modules = (await q.auth.ModuleAccounts({})).accounts.map(({ value }) => ModuleAccount.decode(value));
      const fees = modules.find(({ name }) => name === "fee_collector");
      const { addressBytes } = await q.auth.AddressStringToBytes({ addressString: fees.baseAccount.address });
      assert.equal(toHex(addressBytes), toHex(sha256(Buffer.from("fee_collector"))).slice(0, 40));
      const first = await q.auth.Accounts({ pagination: page({ limit: 2n }) });
      const second = await q.auth.Accounts({ pagination: page({ limit: 2n, key: first.pagination.nextKey }) });
      assert.deepEqual([first.accounts.length, second.accounts.length], [2, 2]);
      assert.notDeepEqual(first.accounts[1], second.accounts[0]);
    });

    test("bank", async () => {
      assert.deepEqual((await q.bank.Balance({ address: bob, denom })).balance, coin(77));
      assert.deepEqual((await q.bank.Balance({ address: bob, denom: "unothing" })).balance, coin(0, "unothing"));
      assert.deepEqual((await q.bank.AllBalances({ address: bob, resolveDenom: false })).balances, [coin(77)]);
      assert.deepEqual((await q.bank.SpendableBalances({ address: bob })).balances, [coin(77)]);
      const { amount } = await q.bank.SupplyOf({ denom });
      assert.deepEqual((await q.bank.TotalSupply({})).supply, [amount]);
      assert.equal((await q.bank.DenomMetadata({ denom })).metadata.base, denom);
      assert.deepEqual((await q.bank.DenomsMetadata({})).metadatas.map(({ base }) => base), [denom]);
      assert.equal((await q.bank.Params({})).params.defaultSendEnabled, true);
    });

    test("staking", async () => {
      const { validators } = await q.staking.Validators({ status: "" });
      assert.equal(validators.length, devnet.nodes.length);
      const { validator } = await q.staking.Validator({ validatorAddr: source });
      assert.equal(validator.operatorAddress, source);
      assert.equal(validator.consensusPubkey.typeUrl, "/cosmos.crypto.ed25519.PubKey");
      const pair = { delegatorAddr: alice.address, validatorAddr: source };
      const { delegationResponse: held } = await q.staking.Delegation(pair);
      assert.deepEqual(held.balance, coin(4000));
      // Decimals are whole numbers of 10^-18 on the wire, which cosmjs-types shows as decimals.
      assert.match(held.delegation.shares, /^4000(0{18})?(\.0+)?$/);
      const mine = { delegatorAddr: alice.address };
      const all = await q.staking.DelegatorDelegations({ ...mine, pagination: page({ limit: 1n }) });
      assert.equal(all.delegationResponses.length, 1);
      const rest = await q.staking.DelegatorDelegations({ ...mine, pagination: page({ key: all.pagination.nextKey }) });
      assert.equal(rest.delegationResponses.length, 1);
      assert.equal(rest.pagination.nextKey.length, 0);
      const turned = await q.staking.DelegatorDelegations({ ...mine, pagination: page({ reverse: true, countTotal: true }) });
      assert.deepEqual(turned.delegationResponses, [...all.delegationResponses, ...rest.delegationResponses].toReversed());
      assert.equal(turned.pagination.total, 2n);
      const { unbondingResponses } = await q.staking.DelegatorUnbondingDelegations(mine);
      assert.equal(unbondingResponses[0].entries[0].balance, "2000");
      assert.deepEqual((await q.staking.UnbondingDelegation(pair)).unbond, unbondingResponses[0]);
      const moved = await q.staking.Redelegations({
        ...mine, srcValidatorAddr: source, dstValidatorAddr: destination,
      });
      assert.equal(moved.redelegationResponses[0].entries[0].balance, "3000");
      assert.equal((await q.staking.DelegatorValidators(mine)).validators.length, 2);
      const { delegationResponses } = await q.staking.ValidatorDelegations({ validatorAddr: source });
      assert.ok(delegationResponses.some(({ delegation }) => delegation.delegatorAddress === alice.address));
      assert.equal((await q.staking.Params({})).params.bondDenom, denom);
      assert.ok(BigInt((await q.staking.Pool({})).pool.bondedTokens) >= 7000n);
      // The chain keeps none, as historical_entries says.
      assert.equal((await q.staking.Params({})).params.historicalEntries, 0);
      await assert.rejects(q.staking.HistoricalInfo({ height: BigInt(sent.height) }), /historical info .* not found/);
    });

    test("distribution", async () => {
      const pair = { delegatorAddress: alice.address, validatorAddress: source };
      // Of a stake this small, fractions of the smallest unit.
      for (const { denom: of } of (await q.distribution.DelegationRewards(pair)).rewards) assert.equal(of, denom);
      const { rewards } = await q.distribution.DelegationTotalRewards({ delegatorAddress: alice.address });
      assert.equal(rewards.length, 2);
      const { rewards: { rewards: [outstanding] } } = await q.distribution.ValidatorOutstandingRewards(pair);
      assert.equal(outstanding.denom, denom);
      assert.equal((await q.distribution.DelegatorWithdrawAddress(pair)).withdrawAddress, alice.address);
      const span = { ...pair, startingHeight: 1n, endingHeight: BigInt(sent.height) };
      assert.deepEqual((await q.distribution.ValidatorSlashes(span)).slashes, []);
      assert.match((await q.distribution.Params({})).params.communityTax, /^\d+(\.\d+)?$/);
      for (const { denom: of } of (await q.distribution.CommunityPool({})).pool) assert.equal(of, denom);
    });

    test("consensus and its older place", async () => {
      const { block } = (await q.consensus.Params({})).params;
      assert.ok(block.maxBytes > 0n);
      const { param } = await q.params.Params({ subspace: "baseapp", key: "BlockParams" });
      assert.deepEqual(JSON.parse(param.value), { max_bytes: String(block.maxBytes), max_gas: String(block.maxGas) });
    });

    test("the node and its blocks", async () => {
      const { defaultNodeInfo, applicationVersion } = await q.tendermint.GetNodeInfo({});
      assert.equal(defaultNodeInfo.network, chainId);
      assert.match(applicationVersion.cosmosSdkVersion, /^v0\.50\./);
      assert.equal((await q.tendermint.GetSyncing({})).syncing, false);
      assert.ok((await q.tendermint.GetLatestBlock({})).block.header.height >= BigInt(sent.height));
      const { block, sdkBlock, blockId } = await q.tendermint.GetBlockByHeight({ height: BigInt(sent.height) });
      assert.equal(block.header.height, BigInt(sent.height));
      assert.equal(blockId.hash.length, 32);
      assert.ok(sdkBlock.header.proposerAddress.startsWith(`${prefix}valcons1`));
      assert.equal((await q.tendermint.GetLatestValidatorSet({})).validators.length, devnet.nodes.length);
      const old = await q.tendermint.GetValidatorSetByHeight({ height: BigInt(sent.height) });
      assert.equal(old.validators.length, devnet.nodes.length);
      assert.equal((await q.node.Config({})).minimumGasPrice, devnet.gas_price);
      assert.ok((await q.node.Status({})).height >= BigInt(sent.height));
    });

    test("transactions are simulated, broadcast, found and listed", async () => {
      const txBytes = await signed();
      const { gasInfo } = await q.tx.Simulate({ txBytes });
      assert.ok(gasInfo.gasUsed > 10_000n);
      const mode = BroadcastMode.BROADCAST_MODE_SYNC;
      const { txResponse: refused } = await q.tx.BroadcastTx({ txBytes: await signed({ ...feeFor(200_000), amount: [] }), mode });
      assert.deepEqual([refused.code, refused.codespace], [13, "sdk"]);
      const { txResponse: taken } = await q.tx.BroadcastTx({ txBytes, mode });
      assert.equal(taken.code, 0, taken.rawLog);
      const hash = toHex(sha256(txBytes)).toUpperCase();
      assert.equal(taken.txhash, hash);
      const found = await eventually("inclusion", () => q.tx.GetTx({ hash }).catch(() => undefined));
      assert.equal(found.txResponse.tx.typeUrl, "/cosmos.tx.v1beta1.Tx");
      const again = await q.tx.BroadcastTx({ txBytes, mode });
      assert.ok([19, 32].includes(again.txResponse.code), again.txResponse.rawLog);
      const search = { events: [], query: `message.sender='${bob}'`, orderBy: OrderBy.ORDER_BY_DESC, page: 1n, limit: 5n };
      assert.equal((await q.tx.GetTxsEvent(search)).total, 0n);
      const listed = await q.tx.GetTxsEvent({ ...search, query: `transfer.recipient='${bob}'` });
      assert.deepEqual(listed.txResponses.map(({ txhash }) => txhash), [sent.transactionHash]);
      const { txs, block } = await q.tx.GetBlockWithTxs({ height: found.txResponse.height });
      assert.equal(block.data.txs.length, txs.length);
      assert.ok(block.data.txs.some((bytes) => toHex(bytes) === toHex(txBytes)));
    });
  });
}

describe("errors", () => {
  const balance = (address) => QueryBalanceRequest.encode({ address, denom }).finish();
  const BALANCE = "/cosmos.bank.v1beta1.Query/Balance";
  const cases = [
    ["an account that is absent", async () => {
      const nobody = await addressOf(await newWallet());
      return ["/cosmos.auth.v1beta1.Query/Account", QueryBalanceRequest.encode({ address: nobody, denom: "" }).finish()];
    }, 5, 22, /not found/],
    ["a delegation that is absent", () => ["/cosmos.staking.v1beta1.Query/Delegation",
      // Address and validator are fields 1 and 2, as address and denomination are.
      QueryBalanceRequest.encode({ address: bob, denom: source }).finish()], 5, 22, /delegation with delegator \S+ not found/],
    ["an address that is none", () => [BALANCE, balance("nobody")], 3, 18, /address|bech32/i],
    ["a method that does not exist", () => ["/cosmos.mint.v1beta1.Query/Params", new Uint8Array()], 12, 6, /./],
    ["bytes that are no request", () => [BALANCE, new Uint8Array([0xff, 0xff])], 3, 18, /./],
  ];
  for (const [what, make, grpcCode, abciCode, words] of cases) {
    test(`${what} has its code on both`, async () => {
      const [path, data] = await make();
      await assert.rejects(call(client, path, data), (error) => {
        assert.equal(error.code, grpcCode, error.message);
        assert.match(error.details, words);
        return true;
      });
      const { result } = await rpc("abci_query", { path, data: toHex(data), prove: false });
      assert.equal(result.response.code, abciCode, result.response.log);
      assert.equal(result.response.codespace, "sdk");
      assert.match(result.response.log, words);
    });
  }
});

describe("heights", () => {
  const BALANCE = "/cosmos.bank.v1beta1.Query/Balance";
  const HEADER = "x-cosmos-block-height";
  const data = () => QueryBalanceRequest.encode({ address: bob, denom }).finish();

  test("an answer says its height, and may be asked for at that height while it is the latest", async () => {
    const held = await eventually("two calls between two blocks", async () => {
      const { headers } = await call(client, BALANCE, data());
      assert.match(headers[HEADER], /^\d+$/);
      const again = await call(client, BALANCE, data(), { [HEADER]: headers[HEADER] }).catch((error) => {
        assert.match(error.details, /only the latest/);
        return undefined;
      });
      if (again) assert.equal(again.headers[HEADER], headers[HEADER]);
      return again?.value;
    });
    assert.deepEqual(QueryBalanceResponse.decode(held).balance, coin(77));
  });

  test("other heights are refused by name", async () => {
    for (const [height, words] of [["1", /height 1: only the latest/], ["99999999", /in the future/], ["-1", /-1/], ["x", /"x"/]]) {
      await assert.rejects(call(client, BALANCE, data(), { [HEADER]: height }), (error) => words.test(error.details));
    }
    for (const [height, code] of [["99999999", 26], ["-1", 18]]) {
      const { result } = await rpc("abci_query", { path: BALANCE, data: toHex(data()), height, prove: false });
      assert.equal(result.response.code, code, result.response.log);
    }
  });
});

describe("reflection", () => {
  const { root } = protobuf.parse(`syntax = "proto3";
    message Request { string file_containing_symbol = 4; string list_services = 7; }
    message Response { Files file_descriptor_response = 4; Services list_services_response = 6; }
    message Files { repeated bytes file_descriptor_proto = 1; }
    message Services { repeated Service service = 1; }
    message Service { string name = 1; }`);
  const [Request, Response] = [root.lookupType("Request"), root.lookupType("Response")];

  for (const version of ["v1", "v1alpha"]) {
    test(`${version} names every service and has its files`, async () => {
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      const ask = async (request) =>
        Response.decode(await exchange(client, path, Request.encode(Request.fromObject(request)).finish()));
      const listed = (await ask({ listServices: "*" })).listServicesResponse.service.map(({ name }) => name);
      for (const name of ["auth.v1beta1.Query", "bank.v1beta1.Query", "bank.v1beta1.Msg", "staking.v1beta1.Query",
        "distribution.v1beta1.Query", "consensus.v1.Query", "tx.v1beta1.Service", "base.tendermint.v1beta1.Service",
        "base.node.v1beta1.Service"]) {
        assert.ok(listed.includes(`cosmos.${name}`), `cosmos.${name} among ${listed.join(" ")}`);
      }
      assert.ok(listed.includes("virtengine.market.v1.Query"), listed.join(" "));
      const { fileDescriptorProto: files } =
        (await ask({ fileContainingSymbol: "cosmos.bank.v1beta1.Query" })).fileDescriptorResponse;
      assert.ok(Buffer.concat(files).includes("cosmos/bank/v1beta1/query.proto"));
    });
  }
});
