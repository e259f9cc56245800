/**
 * KRM over Redis, as several processes: streamer, merger and reader, with a Redis of their own on loopback, against the
 * same in one process over a store in memory. Prints a table; see bench/README.md.
 *
 *     npm run bench:redis -- [--objects 1000,10000,50000] [--bytes 10240] [--events 20000] [--quick] [--profiles FOLDER]
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { Direct } from "./redis/direct.ts";
import { type Measured, scriptsOf, tableOf } from "./redis/figures.ts";
import { Pipeline } from "./redis/pipeline.ts";
import { startProcess } from "./redis/process.ts";
import { redisVersion } from "./redis/redis-server.ts";

const { values } = parseArgs({
  options: {
    objects: { type: "string", default: "1000,10000,50000" },
    bytes: { type: "string", default: "10240" },
    events: { type: "string", default: "20000" },
    /** Few objects and few events: to see that all of it works. */
    quick: { type: "boolean", default: false },
    /** Writes a CPU profile of each process and phase there. */
    profiles: { type: "string" },
  },
});
const { quick, profiles } = values;
const counts = quick ? [500, 2000] : values.objects.split(",").map(Number);
const bytes = Number(values.bytes);
const events = quick ? 3000 : Number(values.events);
for (const number of [...counts, bytes, events])
  if (!Number.isInteger(number) || number < 1) throw new Error("--objects, --bytes and --events take whole numbers");

const WARM_UP = quick ? 500 : 4000;
const IDLE_MS = quick ? 2000 : 8000;
/** What a verification finds. */
const MISSED = 3000;
/** Events that come alone: so many, this far apart; and those at which everything that Redis does is noted. */
const ALONE = quick ? 200 : 2000;
const PACE_MS = 10;
const NOTED = quick ? 50 : 200;
const version = redisVersion();
if (version === undefined) {
  console.error("There is no redis-server on PATH: install Redis 7 or newer, or name one with KRM_TEST_REDIS_SERVER.");
  process.exit(1);
}
console.error(`Redis ${version}, Node.js ${process.versions.node}, ${availableParallelism()} cores`);

// Ends what was started: see where the server is.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const say = (objects: number, what: string): void => console.error(`${objects} objects: ${what}`);

async function direct(objects: number) {
  const { ask, stop } = await startProcess<Direct>("direct.ts", profiles);
  const syncMs = await ask.sync(objects, bytes);
  await ask.shows((await ask.burst(WARM_UP)).version);
  await ask.noteLatencies();
  await ask.begin(`${objects}-alone`);
  await ask.shows((await ask.paced(ALONE, PACE_MS)).version);
  const aloneCpuMs = await ask.end();
  const latencies = await ask.takeLatencies();
  await ask.begin(`${objects}-burst`);
  const { startedAt, version } = await ask.burst(events);
  const burstMs = (await ask.shows(version)) - startedAt;
  const burstCpuMs = await ask.end();
  await stop();
  return { syncMs, aloneCpuMs, burstMs, burstCpuMs, latencies };
}

async function overRedis(objects: number) {
  await using pipeline = await Pipeline.start(objects, bytes, profiles);
  const { redis, reader, streamer, objectBytes } = pipeline;
  const before = await redis.counters();
  const sync = await pipeline.measure("sync", async () => pipeline.sync());
  // What was staged is moved, and what was read is consumed.
  await pipeline.idle(1000);
  const after = await redis.counters();
  const { objects: shown, bytes: kept } = await reader.ask.size();
  if (shown !== objects) throw new Error(`the reader shows ${shown} of ${objects} objects`);
  say(objects, `synced, ${objectBytes} bytes each, ${Math.round(kept / objects)} as kept`);
  const idle = await pipeline.measure("idle", async () => pipeline.idle(IDLE_MS));
  await pipeline.burst(WARM_UP);
  await reader.ask.noteLatencies();
  const alone = await pipeline.measure("alone", async () => pipeline.paced(ALONE, PACE_MS));
  const latencies = await reader.ask.takeLatencies();
  const { noted } = await pipeline.measure("noted", async () => pipeline.paced(NOTED, PACE_MS), true);
  say(objects, "one event at a time: done");
  const leftBehind = await reader.ask.resets();
  const burst = await pipeline.measure("burst", async () => pipeline.burst(events));
  const resets = (await reader.ask.resets()) - leftBehind;
  say(objects, "as fast as they are taken: done");
  const verify = await pipeline.measure("verify", async () => pipeline.verify(Math.min(MISSED, objects)));
  const desyncs = Object.entries(await streamer.ask.desyncs()).filter(([, count]) => count > 0);
  if (desyncs.length > 0) console.error("the stream had to list anew, so these figures tell little:", desyncs);
  return {
    objectBytes,
    keptBytes: kept / objects,
    datasetBytes: after.datasetBytes - before.datasetBytes,
    peakBytes: after.peakBytes,
    sync,
    idle,
    verify,
    resets,
    latencies,
    noted,
    alone: { ...alone, events: ALONE },
    burst: { ...burst, events },
  };
}

const measured: Measured[] = [];
for (const objects of counts) measured.push({ objects, direct: await direct(objects), ...(await overRedis(objects)) });

console.log(tableOf(measured));
for (const { objects, sync, noted, burst, verify } of measured) {
  console.log(`\n${objects} objects, ${NOTED} events one at a time:\n${scriptsOf(noted, NOTED)}`);
  for (const [phase, { noted: long }] of Object.entries({ sync, burst, verify }))
    console.log(`\n… ${phase}, what took longer than 1 ms:\n${scriptsOf(long)}`);
}
