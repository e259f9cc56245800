import {
  type ClockOffset,
  type EventLoopLag,
  type MetricLabels,
  type MetricName,
  noTelemetry,
  type Telemetry,
} from "@krm/core";
import { describe, expect, it } from "vitest";
import { report, type World, watching, world } from "./world.ts";

const OFFSET: ClockOffset = { lowMs: 2900, highMs: 3100, samples: 7, at: 1 };

/** What the gauges of the clock showed last. */
function gauges(): { readonly telemetry: () => Telemetry; readonly shown: Map<string, number> } {
  const shown = new Map<string, number>();
  const set = (name: MetricName, labels: MetricLabels<MetricName>, value: number): void => {
    if (name === "krm_clock_offset_seconds") shown.set((labels as { readonly bound: string }).bound, value);
  };
  return { shown, telemetry: () => ({ ...noTelemetry, set }) };
}

/** Verifies now, and lets the roles say so. */
async function verified(w: World): Promise<void> {
  w.monitor.verifyNow();
  await report(w);
  w.source.bookmark();
  await w.clock.advance(80_000);
  await report(w);
}

describe("the API server's clock", () => {
  it("is reported by streamer and verifier, and measured", async () => {
    let known: ClockOffset | undefined;
    const { telemetry, shown } = gauges();
    const w = world({ telemetry }, { clockOffset: () => known });
    await watching(w);
    await report(w);
    expect((await w.streamer()).clock).toBeUndefined();
    expect([...shown.values()]).toEqual([Number.NaN, Number.NaN]);

    known = OFFSET;
    w.source.bookmark();
    await report(w);
    w.source.bookmark();
    await report(w);
    expect((await w.streamer()).clock).toEqual(OFFSET);
    expect([...shown]).toEqual([
      ["low", 2.9],
      ["high", 3.1],
    ]);

    known = { ...OFFSET, highMs: 2950 };
    await verified(w);
    expect((await w.status()).reports.verifier?.clock).toEqual(known);
    expect(shown.get("high")).toBe(2.95);
  });

  it("is measured also while the watch brings nothing", async () => {
    let known: ClockOffset | undefined;
    const { telemetry, shown } = gauges();
    const w = world({ telemetry, verifyEveryMs: 3_600_000 }, { clockOffset: () => known });
    await watching(w);
    known = OFFSET;
    await w.clock.advance(31_000);
    expect(shown.get("low")).toBe(2.9);
  });

  it("is told as unknown when it is not known any more, and by sources that cannot tell", async () => {
    let known: ClockOffset | undefined = OFFSET;
    const w = world({}, { clockOffset: () => known });
    await watching(w);
    await report(w);
    expect((await w.streamer()).clock).toEqual(OFFSET);
    known = undefined;
    w.source.endWatches();
    await report(w);
    expect((await w.streamer()).clock).toBeUndefined();

    const other = world();
    await watching(other);
    await verified(other);
    expect((await other.streamer()).clock).toBeUndefined();
    expect((await other.status()).reports.verifier?.clock).toBeUndefined();
  });

  it("costs nothing for each event: it is asked for once a second at most", async () => {
    let asked = 0;
    const clockOffset = (): ClockOffset => {
      asked++;
      return OFFSET;
    };
    const w = world({ verifyEveryMs: 3_600_000 }, { clockOffset });
    await watching(w);
    const before = asked;
    for (let n = 0; n < 100; n++) {
      w.source.bookmark();
      await w.clock.advance(10);
    }
    expect(asked - before).toBeLessThanOrEqual(2);
  });
});

describe("the lag of the event loop", () => {
  it("is in the streamer's report", async () => {
    let maxMs = 3;
    const eventLoop: EventLoopLag = { read: () => ({ p99Ms: 1, maxMs }) };
    const w = world({ eventLoop });
    await watching(w);
    await report(w);
    expect((await w.streamer()).eventLoop).toEqual({ p99Ms: 1, maxMs: 3 });
    maxMs = 310;
    w.source.bookmark();
    await report(w);
    w.source.bookmark();
    await report(w);
    expect((await w.streamer()).eventLoop).toEqual({ p99Ms: 1, maxMs: 310 });
  });

  it("is that of the process itself, unless another one is given", async () => {
    const w = world();
    await watching(w);
    await report(w);
    expect((await w.streamer()).eventLoop?.maxMs).toBeGreaterThanOrEqual(0);
  });
});
