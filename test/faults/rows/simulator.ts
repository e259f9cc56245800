import assert from "node:assert/strict";
import { KrmError, type ListWatchSource } from "@krm/core";
import { type ClusterSourceOptions, FaultPlan, parseFaults, SeededRandom, WatchCacheModel } from "@krm/testkit";
import { change } from "../changes.ts";
import { anyReplica, apiError, EXPIRED, Lies, tooLarge } from "../faults-of-a-source.ts";
import { type Figures, overSeeds, type Row, seedsOf } from "../row.ts";
import { scene, type SourceScene, type SourceSceneOptions } from "../scenario.ts";
import { type Silence, Silencing } from "../silencing.ts";

/** One fault of the source, for one run. */
interface Fault {
  readonly source?: SourceSceneOptions["source"];
  readonly between?: (inner: ListWatchSource) => ListWatchSource;
  /** After each change. */
  readonly step?: (s: SourceScene, index: number) => Promise<void> | void;
  readonly heal?: (s: SourceScene) => void;
  /** Nothing may be claimed as lost by the API server. */
  readonly lossless: boolean;
  readonly monitor?: SourceSceneOptions["monitor"];
  readonly check?: (s: SourceScene) => Promise<Figures> | Figures;
}

const CHANGES = 60;

/** A run with one fault under churn, then quiet. */
async function broken(seed: number, fault: Fault): Promise<Figures> {
  await using s = await scene({
    seed,
    ...(fault.source && { source: fault.source }),
    ...(fault.between && { between: fault.between }),
    ...(fault.monitor && { monitor: fault.monitor }),
  });
  for (let i = 0; i < CHANGES; i++) {
    await s.churn(1, 3000);
    await fault.step?.(s, i);
  }
  fault.heal?.(s);
  const figures = await s.quiet({ withinMs: 1_200_000 });
  const upstream = s.drift.filter(({ cause }) => cause === "upstream").length;
  if (fault.lossless) assert.equal(upstream, 0, "the API server lost nothing");
  return { ...figures, upstream, ...(await fault.check?.(s)) };
}

function row(name: string, fault: (seed: number) => Fault): Row {
  return {
    name: `in-process fault: ${name}`,
    run: async (context) => overSeeds(seedsOf(context, 30, 1), async (seed) => broken(seed, fault(seed))),
  };
}

/** Some lies of watches; they end with the fault. */
function lies(spec: string, lossless: boolean): (seed: number) => Fault {
  return (seed) => {
    const of = new Lies(spec, seed);
    return {
      source: () => ({ tell: of.tell }),
      heal: () => {
        of.lying = false;
      },
      lossless,
      check: () => ({ dropped: of.dropped }),
    };
  };
}

/** Requests that fail, by chance. */
function requests(error: (seed: number) => () => Error | undefined, watchesEnd = true): (seed: number) => Fault {
  return (seed) => {
    const next = error(seed);
    let failing = false;
    return {
      source: () => ({
        beforeRequest: () => {
          const reason = failing ? next() : undefined;
          if (reason !== undefined) throw reason;
        },
      }),
      step: (s, index) => {
        failing = true;
        if (watchesEnd && index % 6 === 0) s.source.endWatches();
      },
      heal: () => {
        failing = false;
      },
      lossless: true,
    };
  };
}

function silence(how: Silence): (seed: number) => Fault {
  return () => {
    let between: Silencing | undefined;
    return {
      between: (inner) => (between = new Silencing(inner)),
      step: async (s, index) => {
        if (index % 20 !== 10) return;
        between?.silence(how);
        for (let i = 0; i < 40; i++) {
          change(s.cluster, s.random);
          s.bookmark();
          await s.pass(5000);
        }
      },
      lossless: how !== "mute",
      monitor: { verifyEveryMs: how === "mute" ? 60_000 : 86_400_000 },
    };
  };
}

function planned(spec: string, make: (fault: ReturnType<FaultPlan["nextRequest"]>) => Error | undefined) {
  return (seed: number): (() => Error | undefined) => {
    const plan = new FaultPlan(parseFaults(spec), seed);
    return () => make(plan.nextRequest({ expirable: true }));
  };
}

const always =
  (options: Partial<ClusterSourceOptions>, more: Partial<Fault> = {}) =>
  (): Fault => ({
    source: () => options,
    lossless: true,
    ...more,
  });

const withError =
  (make: () => KrmError): ((seed: number) => Fault) =>
  () => ({
    step: (s, index) => {
      if (index % 5 === 4) s.source.endWatches(make());
    },
    lossless: true,
  });

/** One row for each thing that the in-process source can do wrong. */
export const SIMULATOR_ROWS: readonly Row[] = [
  row("drop", lies("drop=0.1", false)),
  row("dup", lies("dup=0.3", true)),
  row("reorder", lies("reorder=0.2", false)),
  row("drop, dup and reorder", lies("drop=0.05,dup=0.1,reorder=0.1", false)),
  row(
    "disconnect",
    withError(() => new KrmError("KRM_CONNECTION", "reset")),
  ),
  row(
    "truncate",
    withError(() => new KrmError("KRM_CONNECTION", "the body ended within a watch frame")),
  ),
  row(
    "undecodable",
    withError(() => new KrmError("KRM_DECODE", "no frame")),
  ),
  row("stall", silence("stall")),
  row("mute", silence("mute")),
  row("hush", silence("hush")),
  row("410 frames", () => ({
    step: (s, index) => {
      if (index % 7 === 6) s.source.failWatches(EXPIRED);
    },
    lossless: true,
  })),
  row("500 frames", () => ({
    step: (s, index) => {
      if (index % 7 === 6)
        s.source.failWatches({ code: 500, reason: "InternalError", message: "no", retryAfterSeconds: undefined });
    },
    lossless: true,
  })),
  row("410", requests(planned("410=0.3", ({ status }) => (status === undefined ? undefined : apiError(status))))),
  row(
    "429",
    requests(
      planned("429=0.3:2s", ({ status, retryAfterSeconds }) =>
        status === undefined ? undefined : apiError(status, { retryAfterSeconds }),
      ),
    ),
  ),
  row("500", requests(planned("500=0.3", ({ status }) => (status === undefined ? undefined : apiError(status))))),
  row("504", requests(planned("500=0.3", ({ status }) => (status === undefined ? undefined : tooLarge())))),
  row("compact", () => ({
    step: (s, index) => {
      if (index % 4 === 3) {
        s.cluster.compact();
        s.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
      }
    },
    lossless: true,
  })),
  row("restart", () => {
    let away = false;
    return {
      source: () => ({
        beforeRequest: () => {
          if (away) throw new KrmError("KRM_CONNECTION", "refused");
        },
      }),
      step: async (s, index) => {
        if (index % 15 !== 7) return;
        away = true;
        s.source.endWatches(new KrmError("KRM_CONNECTION", "reset"));
        await s.churn(5, 2000);
        away = false;
      },
      lossless: true,
    };
  }),
  row("lag", (seed) => {
    let lagging: WatchCacheModel | undefined;
    return {
      source: ({ cluster }) => {
        lagging = new WatchCacheModel({ cluster, delayMs: 3000 });
        const route = anyReplica(2, new SeededRandom(seed));
        return { replicas: [cluster, lagging], route, streamingLists: seed % 2 === 0 };
      },
      step: (s, index) => {
        if (index % 4 === 0) s.source.endWatches();
      },
      heal: () => lagging?.lagBy(0),
      lossless: true,
      check: async (s) => {
        assert.equal((await s.status()).view.epoch, 0, "a lagging replica is no restored cluster");
        return {};
      },
    };
  }),
  row(
    "no exact lists",
    always({
      beforeRequest: (asked) => {
        if ("request" in asked && "match" in asked.request && asked.request.match === "Exact") throw apiError(400);
      },
    }),
  ),
  row("no metadata lists", always({ metadataLists: "absent" })),
  row("whole objects for metadata", always({ metadataLists: "whole" })),
  row(
    "no GET",
    always({
      beforeRequest: ({ verb }) => {
        if (verb === "get") throw apiError(403, { reason: "Forbidden" });
      },
    }),
  ),
  row("streaming lists, and drop", (seed) => {
    const of = new Lies("drop=0.1", seed);
    return {
      source: () => ({ tell: of.tell, streamingLists: true }),
      step: (s, index) => {
        if (index % 20 === 19) s.source.failWatches(EXPIRED);
      },
      heal: () => {
        of.lying = false;
      },
      lossless: false,
    };
  }),
];
