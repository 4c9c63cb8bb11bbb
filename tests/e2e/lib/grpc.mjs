// gRPC with @grpc/grpc-js, and the query clients of cosmjs-types over it and over abci_query.

import grpc from "@grpc/grpc-js";
import { QueryClient, createProtobufRpcClient } from "@cosmjs/stargate";
import { QueryClientImpl as Auth } from "cosmjs-types/cosmos/auth/v1beta1/query";
import { QueryClientImpl as Bank } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { ServiceClientImpl as Node } from "cosmjs-types/cosmos/base/node/v1beta1/query";
import { ServiceClientImpl as Tendermint } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { QueryClientImpl as Consensus } from "cosmjs-types/cosmos/consensus/v1/query";
import { QueryClientImpl as Distribution } from "cosmjs-types/cosmos/distribution/v1beta1/query";
import { QueryClientImpl as Params } from "cosmjs-types/cosmos/params/v1beta1/query";
import { QueryClientImpl as Staking } from "cosmjs-types/cosmos/staking/v1beta1/query";
import { ServiceClientImpl as Tx } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { devnet } from "./devnet.mjs";

const asBuffer = (bytes) => Buffer.from(bytes);
const asIs = (bytes) => bytes;

/** A connection to the devnet's first node. */
export const channel = () =>
  new grpc.Client(devnet.grpc.replace(/^https?:\/\//, ""), grpc.credentials.createInsecure());

/** One call: the encoded answer and the headers that came with it. */
export function call(client, path, data, headers = {}) {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const options = { deadline: Date.now() + 15_000 };
  return new Promise((resolve, reject) => {
    let answered;
    const request = client.makeUnaryRequest(path, asBuffer, asIs, data, metadata, options, (error, value) =>
      error ? reject(error) : resolve({ value, headers: answered.getMap() }));
    request.on("metadata", (metadata) => { answered = metadata; });
  });
}

/** A stream of messages in both directions, of which one is sent: the first answer. */
export function exchange(client, path, data) {
  return new Promise((resolve, reject) => {
    const stream = client.makeBidiStreamRequest(path, asBuffer, asIs, { deadline: Date.now() + 15_000 });
    stream.once("data", (answer) => { resolve(answer); stream.cancel(); });
    stream.on("error", reject);
    stream.write(data);
  });
}

/** The services of cosmjs-types over gRPC. */
export const overGrpc = (client) => services({
  request: async (service, method, data) => (await call(client, `/${service}/${method}`, data)).value,
});

/** The same services over abci_query, as CosmJS asks them. */
export const overAbci = (comet) => services(createProtobufRpcClient(QueryClient.withExtensions(comet)));

function services(rpc) {
  return {
    auth: new Auth(rpc), bank: new Bank(rpc), consensus: new Consensus(rpc), distribution: new Distribution(rpc),
    node: new Node(rpc), params: new Params(rpc), staking: new Staking(rpc), tendermint: new Tendermint(rpc),
    tx: new Tx(rpc),
  };
}
