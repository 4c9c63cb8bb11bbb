// Prints the first port of a range that a devnet of four nodes can use.

import { createServer } from "node:net";

const RANGE = 60; // four nodes, an observer and room
const FIRST = 21_000;
const LAST = 32_000; // below the ports that the system hands out itself

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

async function allFree(base) {
  for (let port = base; port < base + RANGE; port += 1) {
    if (!(await isFree(port))) return false;
  }
  return true;
}

const ranges = Math.floor((LAST - FIRST) / RANGE);
// Two runs on one machine begin at different places.
const start = process.pid % ranges;
for (let index = 0; index < ranges; index += 1) {
  const base = FIRST + ((start + index) % ranges) * RANGE;
  if (await allFree(base)) {
    console.log(base);
    process.exit(0);
  }
}
console.error(`no ${RANGE} free ports in a row between ${FIRST} and ${LAST}`);
process.exit(1);
