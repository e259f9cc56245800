import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { decodeObject, MemoryStore, PODS, type Scope, silentLogger, systemClock, type ViewChange } from "@krm/core";
import { Collector, InfluxSink } from "@krm/metrics";
import { InfluxWriter } from "@krm/metrics/influx";
import { withInfluxDb } from "@krm/testkit/servers";
import { expect, it } from "vitest";

const SCOPE: Scope = { resource: PODS };
const EVENTS = 100_000;
const COMMIT = 100;
const MOST_WAITING = 10_000;
const encoder = new TextEncoder();

/** The creation of a pod; a thousand of them come within one second, ten within one millisecond. */
function created(version: number): ViewChange {
  const observedAt = Date.UTC(2026, 0, 1) + Math.floor(version / 10);
  const creationTimestamp = `${new Date(observedAt).toISOString().slice(0, 19)}Z`;
  const metadata = { name: `p${version}`, namespace: "n", uid: `u${version}`, resourceVersion: String(version) };
  const object = decodeObject(encoder.encode(JSON.stringify({ metadata: { ...metadata, creationTimestamp } })));
  return { type: "set", object, previous: undefined, origin: "stream", observedAt };
}

withInfluxDb(process.env, (starter) => {
  it("100,000 events become 100,000 points, with the database killed twice, and the collector restarted once", async () => {
    await using influx = await starter.start();
    const folder = await mkdtemp(join(tmpdir(), "krm-spill-"));
    await using store = new MemoryStore();
    const view = store.scope(SCOPE);
    await using lease = await view.acquire("merger", { holder: "test", ttlMs: 60_000 });
    let mostWaiting = 0;
    let dropped = 0;

    const collect = async (): Promise<AsyncDisposable> => {
      const writer = new InfluxWriter({
        target: { api: "v1", url: influx.url, database: "krm" },
        clock: systemClock,
        logger: silentLogger,
        random: Math.random,
        flushEveryMs: 50,
        batchLines: 2000,
        buffer: { lines: MOST_WAITING, bytes: 4 * 1024 * 1024 },
        overflow: { type: "spill", folder, maxBytes: 1024 * 1024 * 1024 },
        backoff: { firstMs: 20, maxMs: 100 },
        onReport: (report) => {
          mostWaiting = Math.max(mostWaiting, report.waiting.lines);
          ({ dropped } = report);
        },
      });
      const collector = new Collector({ store, sink: new InfluxSink({ writer }), keepEveryMs: 50 });
      const [collecting, writing] = [new AbortController(), new AbortController()];
      const running = [collector.run(collecting.signal), writer.run(writing.signal)];
      await view.cursor();
      return {
        async [Symbol.asyncDispose]() {
          collecting.abort();
          await running[0];
          await writer.flush();
          writing.abort();
          await running[1];
          await collector.keepCheckpoints();
          expect(collector.report.gaps).toBe(0);
        },
      };
    };

    const commit = async (from: number, to: number): Promise<void> => {
      for (let version = from; version < to; version += COMMIT) {
        const changes = Array.from({ length: COMMIT }, (_, i) => created(version + i));
        const meta = { ...(await view.meta()), version: String(version + COMMIT), epoch: 0 };
        await lease?.commit({ changes, meta });
        await nextTurn();
      }
    };

    let collecting = await collect();
    await commit(1, 1 + 30_000);
    await influx.kill();
    await commit(30_001, 30_001 + 30_000);
    await influx.restart();
    // As a new process over the same store and folder.
    await collecting[Symbol.asyncDispose]();
    collecting = await collect();
    await commit(60_001, 60_001 + 20_000);
    await influx.kill();
    await commit(80_001, 80_001 + 20_000);
    await influx.restart();
    // All is read, and written or on disk.
    const kept = async (): Promise<string | undefined> => view.checkpoint("metrics");
    while ((await kept())?.includes(`"${await view.cursor()}"`) !== true) await pause(20);
    await collecting[Symbol.asyncDispose]();

    const [series] = await influx.query("SELECT count(delay), count(version) FROM streamed_data", { db: "krm" });
    expect(series?.values?.[0]?.slice(1)).toEqual([EVENTS, EVENTS]);
    const [distinct] = await influx.query("SELECT count(distinct(version)) FROM streamed_data", { db: "krm" });
    expect(distinct?.values?.[0]?.slice(1)).toEqual([EVENTS]);
    expect(dropped).toBe(0);
    expect(mostWaiting).toBeLessThanOrEqual(2 * MOST_WAITING + COMMIT);
    await rm(folder, { recursive: true });
  }, 120_000);
});
