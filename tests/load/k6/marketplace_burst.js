// A burst on the market's REST routes. Orders, bids and allocations arrive on a schedule that waits for no answer.
//
//   k6 run -e DATA=/path/signed.json -e REST=http://127.0.0.1:26659 marketplace_burst.js
//
// DATA is what `virtengine lab presign` wrote, once for each run. Each transaction has an account of its own, so one
// may overtake another. REST names the nodes, with commas. Every second call of a route is answered once its
// transaction is admitted, the others once it is final.
//
// ORDERS, BIDS, ALLOCATIONS   calls a second of each route while it is calm: 20, 40, 20
// BURST                       how many times as many come in the burst: 5
// CALM, PEAK                  seconds before and after the burst, and of it: 10, 10

import { check, sleep } from "k6";
import { SharedArray } from "k6/data";
import exec from "k6/execution";
import http from "k6/http";
import { Counter } from "k6/metrics";

const number = (name, standard) => Number(__ENV[name] || standard);
const calm = number("CALM", 10);
const peak = number("PEAK", 10);
const burst = number("BURST", 5);
const nodes = (__ENV.REST || "http://127.0.0.1:26659").split(",");
const base = "/virtengine/market/v1";

// Calls a second while it is calm, and what 95 % of them have to be admitted within, in milliseconds.
const routes = {
  orders: { rate: number("ORDERS", 20), admitted: 50, path: () => `${base}/orders` },
  bids: { rate: number("BIDS", 40), admitted: 20, path: () => `${base}/bids` },
  allocations: {
    rate: number("ALLOCATIONS", 20), admitted: 100, path: (tx) => `${base}/orders/${tx.order_id}/allocate`,
  },
};
// What 95 % and 99 % have to be final within, in milliseconds.
const FINAL = ["p(95)<100", "p(99)<250"];
// Part of the calls that may fail.
const FAILED = "rate<0.001";
// Of so many admitted transactions one is asked for until it is final, for so many seconds.
const FOLLOWED = 10;
const PATIENCE = 20;

const signed = {};
for (const route of Object.keys(routes)) {
  signed[route] = new SharedArray(route, () => JSON.parse(open(__ENV.DATA))[route]);
}

const lacking = new Counter("lacking_transactions");
const lost = new Counter("lost_transactions");

function scenario(route) {
  const { rate } = routes[route];
  const high = rate * burst;
  return {
    executor: "ramping-arrival-rate",
    exec: route,
    startRate: rate,
    timeUnit: "1s",
    stages: [
      { target: rate, duration: `${calm}s` },
      { target: high, duration: "0s" },
      { target: high, duration: `${peak}s` },
      { target: rate, duration: "0s" },
      { target: rate, duration: `${calm}s` },
    ],
    // So many that none has to be made while the load runs, also if answers take a second.
    preAllocatedVUs: Math.max(high, 20),
    maxVUs: Math.max(high * 3, 60),
  };
}

export const options = {
  scenarios: Object.fromEntries(Object.keys(routes).map((route) => [route, scenario(route)])),
  thresholds: {
    ...Object.fromEntries(Object.entries(routes).flatMap(([route, { admitted }]) => [
      [`http_req_duration{route:${route},answer:admitted}`, [`p(95)<${admitted}`]],
      [`http_req_duration{route:${route},answer:final}`, FINAL],
      [`http_req_failed{route:${route}}`, [FAILED]],
    ])),
    // A call that could not begin in time would not be among the latencies.
    dropped_iterations: ["count==0"],
    lacking_transactions: ["count==0"],
    lost_transactions: ["count==0"],
  },
  summaryTrendStats: ["min", "med", "p(95)", "p(99)", "max", "count"],
  discardResponseBodies: false,
};

function send(route) {
  const index = exec.scenario.iterationInTest;
  const tx = signed[route][index];
  lacking.add(tx === undefined ? 1 : 0);
  if (tx === undefined) return;
  const final = index % 2 === 1;
  // A client keeps to its node.
  const node = nodes[exec.vu.idInTest % nodes.length];
  const mode = final ? "BROADCAST_MODE_BLOCK" : "BROADCAST_MODE_SYNC";
  const answer = http.post(`${node}${routes[route].path(tx)}`, JSON.stringify({ tx_bytes: tx.tx_bytes, mode }), {
    headers: { "content-type": "application/json" },
    tags: { route, answer: final ? "final" : "admitted", name: route },
    // 202 says that a transaction is on its way.
    responseCallback: http.expectedStatuses(final ? 200 : 202),
  });
  const good = check(answer, {
    "answered as asked": ({ status }) => status === (final ? 200 : 202),
    "with the number that was created": (found) => !final || numbered(found),
  });
  if (!good) console.error(`${route} ${tx.hash}: ${answer.status} ${answer.error} ${answer.body}`);
  lost.add(0);
  if (good && !final && index % (2 * FOLLOWED) === 0) follow(route, node, tx.hash);
}

const numbered = (answer) => answer.status === 200 && /^[1-9]\d*$/.test(answer.json("id"));

export const orders = () => send("orders");
export const bids = () => send("bids");
export const allocations = () => send("allocations");

// Asks until what was only admitted is final.
function follow(route, node, hash) {
  const deadline = Date.now() + PATIENCE * 1000;
  const asked = { tags: { route: "asked", name: "asked" }, responseCallback: null };
  while (Date.now() < deadline) {
    const answer = http.get(`${node}/cosmos/tx/v1beta1/txs/${hash}`, asked);
    if (answer.status === 200) {
      const code = answer.json("tx_response.code");
      if (code === 0) return;
      console.error(`${route} ${hash} failed with code ${code} after it was admitted`);
      lost.add(1);
      return;
    }
    sleep(0.2);
  }
  console.error(`${route} ${hash} was admitted, and is not final ${PATIENCE} s later`);
  lost.add(1);
}
