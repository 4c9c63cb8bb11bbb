// Waits until every node of the devnet answers at height 2: wait.mjs <pid of devnet> <seconds>

import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const [pid, seconds] = process.argv.slice(2).map(Number);
const deadline = Date.now() + seconds * 1000;

function alive() {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function height(rpc) {
  const answer = await fetch(`${rpc}/status`, { signal: AbortSignal.timeout(2000) });
  return Number((await answer.json()).result.sync_info.latest_block_height);
}

let seen = "devnet.json does not exist";
while (Date.now() < deadline) {
  if (!alive()) {
    console.error(`devnet ended before it was ready; ${seen}`);
    process.exit(1);
  }
  if (existsSync(process.env.DEVNET)) {
    const { nodes } = JSON.parse(readFileSync(process.env.DEVNET, "utf8"));
    const heights = await Promise.all(nodes.map((node) => height(node.rpc).catch((error) => error.message)));
    seen = nodes.map((node, index) => `${node.name}: ${heights[index]}`).join(", ");
    if (heights.every((found) => found >= 2)) {
      console.log(`ready at heights ${heights.join(", ")}`);
      process.exit(0);
    }
  }
  await pause(200);
}
console.error(`not ready after ${seconds} s; ${seen}`);
process.exit(1);
