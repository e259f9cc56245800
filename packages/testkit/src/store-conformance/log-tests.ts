import {
  type InputLease,
  type LogBatch,
  type LogRecord,
  type MergerLease,
  type RoleInput,
  parseResourceVersion,
  recordsOf,
  type ScopeStore,
  type SnapshotPageEntry,
} from "@krm/core";
import { describe, expect, test } from "vitest";
import { metaAt, SCOPE, storedObject, visible } from "./fixtures.ts";
import type { Harness } from "./suite.ts";

const at = parseResourceVersion;
const NOWHERE = { epoch: 0, position: undefined };
const bookmark = (version: string): LogRecord => ({ type: "bookmark", epoch: 0, resourceVersion: at(version) });

interface Roles {
  readonly scope: ScopeStore;
  readonly streamer: InputLease<"streamer">;
  readonly verifier: InputLease<"verifier">;
  readonly merger: MergerLease;
}

async function roles(scope: ScopeStore): Promise<Roles> {
  const request = { holder: "test", ttlMs: 60_000 };
  const streamer = await scope.acquire("streamer", request);
  const verifier = await scope.acquire("verifier", request);
  const merger = await scope.acquire("merger", request);
  if (streamer === undefined || verifier === undefined || merger === undefined)
    throw new Error("somebody else is there");
  return { scope, streamer, verifier, merger };
}

/** The next so many entries of the logs. */
async function read(merger: MergerLease, count: number): Promise<LogBatch[]> {
  const stop = new AbortController();
  const batches: LogBatch[] = [];
  for await (const batch of merger.inputs({ signal: stop.signal })) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  stop.abort();
  return batches;
}

/** What a merger that takes over finds first; undefined: nothing waits. */
async function waiting(merger: MergerLease): Promise<LogBatch | undefined> {
  const stop = new AbortController();
  const first = merger.inputs({ signal: stop.signal })[Symbol.asyncIterator]().next();
  // Asked after the entries: what waits is there before the answer to this.
  await merger.renew();
  await merger.renew();
  stop.abort();
  const { done, value } = await first;
  return done === true ? undefined : value;
}

async function next(scope: ScopeStore, merger: MergerLease): Promise<MergerLease> {
  await merger[Symbol.asyncDispose]();
  const lease = await scope.acquire("merger", { holder: "next", ttlMs: 60_000 });
  if (lease === undefined) throw new Error("the role was not given back");
  return lease;
}

function shown(record: LogRecord): unknown {
  if (record.type === "observed") {
    const { observation } = record;
    return { ...record, observation: { ...observation, object: visible(observation.object) } };
  }
  if (record.type !== "snapshot-page") return record;
  const entry = ({ object, ...rest }: SnapshotPageEntry): unknown => ({ ...rest, object: object && visible(object) });
  return { ...record, entries: record.entries.map(entry) };
}

export function logTests({ open }: Harness): void {
  describe("the input logs", () => {
    test("hand every record on, each log in its order, to the byte", async () => {
      const { streamer, verifier, merger } = await roles((await open()).scope(SCOPE));
      const metadata = { labels: { app: "web" }, deletionTimestamp: "2026-01-01T00:00:30Z", creationTimestamp: null };
      const odd = storedObject("żółć", { metadata, rest: ',"data":{"n":9007199254740993,"one":1.0,"s":"\\u2028"}' });
      const observed: LogRecord = {
        type: "observed",
        epoch: 3,
        observation: { type: "deleted", object: odd, origin: "live", observedAt: 17 },
      };
      const { key, uid, resourceVersion } = odd;
      const pages: LogRecord[] = [
        { type: "verification-started", epoch: 0 },
        {
          type: "snapshot-page",
          of: "verified",
          epoch: 0,
          id: "one",
          page: 0,
          last: true,
          resourceVersion: "18446744073709551617",
          takenAt: 5,
          entries: [
            { key, uid, resourceVersion },
            { key, uid, resourceVersion, object: odd },
          ],
        },
        { type: "verification-abandoned", epoch: 0 },
      ];
      const heard: LogRecord = { type: "heard", epoch: 0, at: 1_767_225_600_000 };
      await streamer.log.append([observed, bookmark("4")], { epoch: 3, position: at("4") });
      for (const page of pages) await verifier.log.append([page], NOWHERE);
      await streamer.log.append([heard], { epoch: 3, position: at("4") });
      const batches = await read(merger, 5);
      const of = (log: string): unknown[] =>
        batches.filter((batch) => batch.log === log).flatMap(({ records }) => records.map(shown));
      expect(of("streamer")).toEqual([observed, bookmark("4"), heard].map(shown));
      expect(of("verifier")).toEqual(pages.map(shown));
    });

    test("a merger that waits is woken by what comes", async () => {
      const { streamer, verifier, merger } = await roles((await open()).scope(SCOPE));
      const two = read(merger, 2);
      await streamer.log.append([bookmark("1")], NOWHERE);
      await verifier.log.append([{ type: "verification-started", epoch: 0 }], NOWHERE);
      expect((await two).map(({ log }) => log).toSorted()).toEqual(["streamer", "verifier"]);
    });

    test("what a commit has consumed is gone, what it has not comes again to the next merger", async () => {
      const { scope, streamer, merger } = await roles((await open()).scope(SCOPE));
      for (const version of ["1", "2", "3", "4"]) await streamer.log.append([bookmark(version)], NOWHERE);
      const batches = await read(merger, 3);
      expect(await streamer.log.backlog()).toBeGreaterThan(0);
      await merger.commit({ changes: [], meta: metaAt("2"), consumed: { streamer: batches[1]?.cursor } });
      const second = await next(scope, merger);
      expect(second.loaded.meta.version).toBe("2");
      expect((await read(second, 2)).flatMap(({ records }) => records)).toEqual([bookmark("3"), bookmark("4")]);
      const third = await next(scope, second);
      const last = (await read(third, 2)).at(-1)?.cursor;
      await third.commit({ changes: [], meta: metaAt("4"), consumed: { streamer: last } });
      expect(await streamer.log.backlog()).toBe(0);
      await streamer.log.append([bookmark("5")], NOWHERE);
      expect((await read(third, 1)).flatMap(({ records }) => records)).toEqual([bookmark("5")]);
    });

    test("reading goes on where the reading before it has stopped", async () => {
      const { streamer, merger } = await roles((await open()).scope(SCOPE));
      for (const version of ["1", "2", "3"]) await streamer.log.append([bookmark(version)], NOWHERE);
      await read(merger, 2);
      expect((await read(merger, 1)).flatMap(({ records }) => records)).toEqual([bookmark("3")]);
    });

    test("a merger that is told everything directly skips what lies there", async () => {
      const { scope, streamer, verifier, merger } = await roles((await open()).scope(SCOPE));
      await streamer.log.append([bookmark("1")], NOWHERE);
      await verifier.log.append([{ type: "verification-started", epoch: 0 }], NOWHERE);
      await merger.skipLogs();
      expect([await streamer.log.backlog(), await verifier.log.backlog()]).toEqual([0, 0]);
      const second = await next(scope, merger);
      expect(await waiting(second)).toBeUndefined();
      await streamer.log.append([bookmark("2")], NOWHERE);
      expect((await read(second, 1)).flatMap(({ records }) => records)).toEqual([bookmark("2")]);
    });

    test("what is skipped vouches for nothing: a streamer goes on from the view then", async () => {
      const { scope, streamer, merger } = await roles((await open()).scope(SCOPE));
      await merger.commit({ changes: [], meta: metaAt("5") });
      await streamer.log.append([bookmark("9")], { epoch: 0, position: at("9") });
      await streamer[Symbol.asyncDispose]();
      await merger.skipLogs();
      const again = await scope.acquire("streamer", { holder: "next", ttlMs: 60_000 });
      expect(again?.log.start).toEqual({ epoch: 0, position: "5" });
    });

    test("a streamer goes on from what its log covers, or the view, whichever is more", async () => {
      const { scope, streamer, merger } = await roles((await open()).scope(SCOPE));
      expect(streamer.log.start).toEqual(NOWHERE);
      const again = async (): Promise<InputLease<"streamer">["log"]> => {
        const lease = await scope.acquire("streamer", { holder: "next", ttlMs: 60_000 });
        await lease?.[Symbol.asyncDispose]();
        if (lease === undefined) throw new Error("the role was not given back");
        return lease.log;
      };
      await streamer.log.append([bookmark("99")], { epoch: 0, position: at("99") });
      await streamer[Symbol.asyncDispose]();
      expect((await again()).start).toEqual({ epoch: 0, position: "99" });
      await merger.commit({ changes: [], meta: metaAt("100") });
      expect((await again()).start).toEqual({ epoch: 0, position: "100" });
      await merger.commit({ changes: [], meta: metaAt("7", { epoch: 1 }), reset: true });
      expect((await again()).start).toEqual({ epoch: 1, position: "7" });
    });

    test("a list of 2,000 objects travels in pages and comes out as it was", { timeout: 30_000 }, async () => {
      const { verifier, merger } = await roles((await open()).scope(SCOPE));
      const objects = Array.from({ length: 2000 }, (_, i) =>
        storedObject(`o${i}`, { version: String(i + 1), rest: `,"data":"${"x".repeat(i % 3 === 0 ? 4000 : 10)}"` }),
      );
      const asked = storedObject("asked", { version: "2001", rest: `,"data":"${"y".repeat(5000)}"` });
      const input: RoleInput = {
        type: "verified",
        epoch: 0,
        mode: "exact-metadata",
        doubts: [
          { key: asked.key, until: asked.resourceVersion, found: asked, listed: undefined },
          { key: storedObject("gone").key, until: at("2002"), found: undefined, listed: undefined },
        ],
        contradicted: [storedObject("ghost").key],
        snapshot: {
          resourceVersion: at("2000"),
          takenAt: 9,
          entries: new Map(
            objects.map((object, i) => {
              const { key, uid, resourceVersion } = object;
              return [key, i % 2 === 0 ? { uid, resourceVersion, object } : { uid, resourceVersion }];
            }),
          ),
        },
      };
      let pages = 0;
      for (const record of recordsOf(input, "list")) {
        await verifier.log.append([record], NOWHERE);
        pages++;
      }
      expect(pages).toBeGreaterThan(7);
      const records = (await read(merger, pages)).flatMap((batch) => batch.records);
      const last = records.at(-1);
      const found = last?.type === "snapshot-page" ? last.found : undefined;
      expect(found).toMatchObject({ mode: "exact-metadata", contradicted: ["team-a/ghost"] });
      expect(found?.doubts?.map(({ key, until, found: said }) => [key, until, said && visible(said)])).toEqual([
        [asked.key, "2001", visible(asked)],
        ["team-a/gone", "2002", undefined],
      ]);
      const entries = records.flatMap((record) => (record.type === "snapshot-page" ? record.entries : []));
      expect(entries.map(({ key }) => key)).toEqual(objects.map(({ key }) => key));
      expect(entries.map(({ object }) => object && visible(object))).toEqual(
        objects.map((object, i) => (i % 2 === 0 ? visible(object) : undefined)),
      );
    });
  });
}
