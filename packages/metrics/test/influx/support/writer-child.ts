// A process of its own with a writer that spills: offers lines for ever, a hundred at a time, and prints how many have
// been settled. With `once`, it offers a hundred, ends its writer, and is to end by itself.
//
//   node --conditions=krm-source writer-child.ts URL FOLDER [once]
import { setImmediate as nextTurn } from "node:timers/promises";
import { silentLogger, systemClock } from "@krm/core";
import { InfluxWriter, line } from "../../../src/influx/index.ts";

const [url = "", folder = "", once] = process.argv.slice(2);
const end = new AbortController();
const writer = new InfluxWriter({
  target: { api: "v1", url, database: "krm" },
  clock: systemClock,
  logger: silentLogger,
  random: Math.random,
  batchLines: 100,
  buffer: { lines: 500, bytes: 1_000_000 },
  overflow: { type: "spill", folder, maxBytes: 100_000_000 },
});
const running = writer.run(end.signal);
let settled = 0;
for (let batch = 0; once === undefined || batch < 1; batch++) {
  // As a collector should that wants nothing dropped.
  while (writer.report.waiting.lines > 500) await nextTurn();
  const lines = Array.from({ length: 100 }, (_, index) => {
    const value = batch * 100 + index;
    return line("m", {}, { v: value }, BigInt(value)) ?? "";
  });
  writer.offer(lines, () => {
    settled += 100;
    process.stdout.write(`${settled}\n`);
  });
}
await writer.flush();
end.abort();
await running;
