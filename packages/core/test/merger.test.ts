import { expect, test } from "vitest";
import {
  MemoryStore,
  Merger,
  type MergeInput,
  type MergerOptions,
  PODS,
  type ScopeStore,
  silentLogger,
  type Snapshot,
  systemClock,
} from "../src/index.ts";
import { InputQueue } from "../src/merge/input-queue.ts";
import { storedObject } from "./support/objects.ts";

type Written = Pick<Snapshot, "resourceVersion"> & { readonly objects: readonly ReturnType<typeof storedObject>[] };

function snapshot({ resourceVersion, objects }: Written): Snapshot {
  const entries = new Map(
    objects.map((object) => [object.key, { uid: object.uid, resourceVersion: object.resourceVersion, object }]),
  );
  return { resourceVersion, takenAt: 0, entries };
}

const at = (version: string): Snapshot["resourceVersion"] => storedObject("x", "u", version).resourceVersion;
const observed = (object: ReturnType<typeof storedObject>, type: "applied" | "deleted" = "applied"): MergeInput => ({
  type: "observed",
  epoch: 0,
  observation: { type, object, origin: "live", observedAt: 0 },
});

/** Merges these batches, each in one commit. */
async function merge(
  batches: readonly (readonly MergeInput[])[],
  more: Partial<MergerOptions> = {},
): Promise<ScopeStore> {
  const store = new MemoryStore().scope({ resource: PODS });
  const view = await store.acquire("merger", { holder: "test", ttlMs: 1000 });
  if (view === undefined) throw new Error("nobody else is there");
  const merger = new Merger({
    view,
    batch: { changes: 1024, bytes: 1_000_000 },
    clock: systemClock,
    logger: silentLogger,
    random: () => 0,
    onGap: () => {},
    ...more,
  });
  const stop = new AbortController();
  const running = merger.run(stop.signal);
  for (const batch of batches) {
    merger.offer(batch);
    await merger.caughtUp(stop.signal);
  }
  stop.abort();
  await running;
  return store;
}

test("law 10: a repair that is written together with a newer event waits for a version above that event", async () => {
  const [a, b, c] = [storedObject("a", "ua", "5"), storedObject("b", "ub", "9"), storedObject("c", "uc", "10")];
  const batches: MergeInput[][] = [
    [{ type: "relisted", epoch: 0, snapshot: snapshot({ resourceVersion: at("8"), objects: [a] }) }],
    [
      { type: "verification-started", epoch: 0 },
      observed(c),
      { type: "verified", epoch: 0, snapshot: snapshot({ resourceVersion: at("10"), objects: [a, b, c] }) },
    ],
  ];
  // Whoever was told c at 10 and resumes from there has not been told b at 9.
  const repaired = await merge(batches);
  expect(await repaired.meta()).toMatchObject({ version: "10", repairPending: true, resumeFloor: undefined });
  const passed = await merge([...batches, [{ type: "bookmark", epoch: 0, resourceVersion: at("11") }]]);
  expect(await passed.meta()).toMatchObject({ version: "11", repairPending: false, resumeFloor: "11" });
});

test("law 10: what a stream tells after it had passed the version of it is a repair, too", async () => {
  const [a, b] = [storedObject("a", "ua", "5"), storedObject("b", "ub", "12")];
  const belated = storedObject("a", "ua", "9");
  const batches: MergeInput[][] = [
    [{ type: "relisted", epoch: 0, snapshot: snapshot({ resourceVersion: at("8"), objects: [a] }) }],
    [observed(b)],
    [observed(belated)],
  ];
  // Whoever was told b at 12 and resumes from there has not been told a at 9.
  const repaired = await merge(batches);
  expect(await repaired.meta()).toMatchObject({ version: "12", repairPending: true, resumeFloor: undefined });
  const passed = await merge([...batches, [observed(storedObject("c", "uc", "13"))]]);
  expect(await passed.meta()).toMatchObject({ version: "13", repairPending: false, resumeFloor: "13" });
  const inOrder = await merge([batches[0] as MergeInput[], [observed(belated), observed(b)]]);
  expect(await inOrder.meta()).toMatchObject({ version: "12", repairPending: false, resumeFloor: undefined });
});

test("the last contact goes on only, unless it lies in a future that a clock was set back from", async () => {
  const heard = (at: number): MergeInput[] => [{ type: "heard", epoch: 0, at }];
  const relisted = (takenAt: number): MergeInput[] => [
    { type: "relisted", epoch: 0, snapshot: { ...snapshot({ resourceVersion: at("8"), objects: [] }), takenAt } },
  ];
  const lastContact = async (...batches: readonly MergeInput[][]): Promise<number | undefined> => {
    const clock = { ...systemClock, sleep: systemClock.sleep.bind(systemClock), now: () => 20_000 };
    return (await (await merge(batches, { clock })).meta()).lastContact;
  };
  expect(await lastContact(heard(10_000), heard(12_000))).toBe(12_000);
  expect(await lastContact(heard(12_000), heard(10_000))).toBe(12_000);
  expect(await lastContact(heard(12_000), relisted(10_000))).toBe(12_000);
  expect(await lastContact(relisted(12_000), heard(10_000))).toBe(12_000);
  expect(await lastContact(heard(25_000), heard(20_000))).toBe(25_000);
  expect(await lastContact(heard(25_001), heard(20_000))).toBe(20_000);
});

test.each([
  ["one commit", [2]],
  ["two commits", [1, 1]],
])("law 10: events of one version (an etcd lease that ran out) are no repair: in %s", async (_, sizes) => {
  const [a, b] = [storedObject("a", "ua", "5"), storedObject("b", "ub", "6")];
  const ends = [observed(storedObject("a", "ua", "12"), "deleted"), observed(storedObject("b", "ub", "12"), "deleted")];
  const batches: MergeInput[][] = [
    [{ type: "relisted", epoch: 0, snapshot: snapshot({ resourceVersion: at("8"), objects: [a, b] }) }],
    ...sizes.map((size) => ends.splice(0, size)),
  ];
  // Whoever was told the first of them holds 12, too.
  const told = await merge(batches);
  expect(await told.meta()).toMatchObject({ version: "12", repairPending: true, resumeFloor: undefined });
  const passed = await merge([...batches, [observed(storedObject("c", "uc", "13"))]]);
  expect(await passed.meta()).toMatchObject({ version: "13", repairPending: false, resumeFloor: undefined });
  const together = await merge([
    ...batches.slice(0, -1),
    [...(batches.at(-1) ?? []), { type: "bookmark", epoch: 0, resourceVersion: at("14") }],
  ]);
  expect(await together.meta()).toMatchObject({ version: "14", repairPending: false, resumeFloor: undefined });
});

test("law 10: who was told one of the repairs of a verification, and its version, may not know the others", async () => {
  const [a, b] = [storedObject("a", "ua", "5"), storedObject("b", "ub", "6")];
  const from: MergeInput = {
    type: "relisted",
    epoch: 0,
    snapshot: snapshot({ resourceVersion: at("8"), objects: [a, b] }),
  };
  const after = async (...objects: readonly ReturnType<typeof storedObject>[]): Promise<unknown> => {
    const list: MergeInput = { type: "verified", epoch: 0, snapshot: snapshot({ resourceVersion: at("12"), objects }) };
    const store = await merge([[from], [list]]);
    const { version, repairPending } = await store.meta();
    return { version, repairPending };
  };
  expect(await after()).toEqual({ version: "12", repairPending: true });
  expect(await after(storedObject("a", "ua", "12"), storedObject("b", "ub", "10"))).toMatchObject({
    repairPending: true,
  });
  expect(await after(storedObject("a", "ua", "11"), storedObject("b", "ub", "10"))).toMatchObject({
    repairPending: false,
  });
  expect(await after(b)).toMatchObject({ repairPending: false });
});

test("a queue is drained, for who asks, when what was taken before is merged, whatever comes meanwhile", async () => {
  const queue = new InputQueue();
  const heard: MergeInput = { type: "heard", epoch: 0, at: 0 };
  await queue.drained();
  queue.offer([heard, heard]);
  const order: string[] = [];
  const early = queue.drained().then(() => order.push("early"));
  const same = queue.drained().then(() => order.push("same"));
  queue.offer([heard]);
  const late = queue.drained().then(() => order.push("late"));
  queue.remove(queue.peek(1));
  queue.offer([heard]);
  queue.remove(queue.peek(1));
  await Promise.all([early, same]);
  expect(order).toEqual(["early", "same"]);
  queue.remove(queue.peek(1));
  await late;
  expect(queue.size).toBe(1);
});
