// The frames that a real kube-apiserver sent, and those that a watch of KRM sends of the same objects, byte for byte.
import { readFileSync } from "node:fs";
import {
  type CommittedMeta,
  compileDropPaths,
  decodeObject,
  MemoryStore,
  PODS,
  type ResourceType,
  SERVICES,
  type StoredObject,
  type ViewChange,
} from "@krm/core";
import { negotiate, type ObjectView } from "@krm/apimachinery";
import { ManualClock } from "@krm/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writer } from "../support/fixtures.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import { commit, pass, removed, set, settle, watch, type Watching } from "./support.ts";

interface Recorded {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name: string; readonly resourceVersion: string } };
}
interface Step {
  readonly objects?: readonly object[];
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers?: { readonly accept?: string };
  };
  readonly response?: { readonly json?: object; readonly stream?: readonly Recorded[] };
}

function scenario(name: string): readonly Step[] {
  const file = new URL(`../../../testkit/golden/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly steps: readonly Step[] }).steps;
}

/** The watch whose path holds a text. */
function recordedWatch(
  steps: readonly Step[],
  path: string,
): { readonly step: Step; readonly stream: readonly Recorded[] } {
  const step = steps.find(
    ({ request, response }) => request?.path.includes(path) === true && response?.stream !== undefined,
  );
  if (step?.response?.stream === undefined) throw new Error(`no watch of ${path} was recorded`);
  return { step, stream: step.response.stream };
}

const drop = compileDropPaths([]);

function stored(object: object): StoredObject {
  return decodeObject(Buffer.from(goText(object)), { drop });
}

/** As Go writes JSON. */
function goText(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function lines(frames: readonly unknown[]): readonly string[] {
  return frames.map((frame) => goText(frame));
}

/** What the stream of the day told, as changes of the view. */
function changes(stream: readonly Recorded[]): readonly ViewChange[] {
  const known = new Map<string, StoredObject>();
  return stream.map(({ type, object }) => {
    const one = stored(object);
    if (type !== "DELETED") {
      known.set(one.key, one);
      return set(one);
    }
    return removed(known.get(one.key) ?? one, Number(one.resourceVersion), one);
  });
}

let clock: ManualClock;
let store: MemoryStore;
let hub: WatchHub;

beforeEach(() => {
  clock = new ManualClock({ now: Date.parse("2026-11-23T06:14:28Z") });
  store = new MemoryStore();
  hub = new WatchHub({ store, clock, random: () => 0.5 });
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

/** Makes the view at a version, opens a watch as it was asked for on the day, and then lets the rest happen. */
async function replay(
  resource: ResourceType,
  step: Step,
  before: { readonly version: number; readonly objects?: readonly StoredObject[] },
  rest: readonly ViewChange[] = [],
): Promise<Watching> {
  const to = writer(store, { resource });
  const meta: Partial<CommittedMeta> = {};
  await to.commit(
    commit(
      before.version,
      (before.objects ?? []).map((object) => set(object, "list")),
      meta,
    ),
  );
  const url = new URL(step.request?.path ?? "", "http://localhost");
  const namespace = /namespaces\/([^/]+)/.exec(url.pathname)?.[1];
  const representation = negotiate(step.request?.headers?.accept, { stream: true });
  const scopes = [{ resource }] as const;
  const opened = await watch(hub, url.search, { scopes, representation, ...(namespace && { namespace }) });
  for (const change of rest) {
    const version = change.type === "set" ? change.object.resourceVersion : change.resourceVersion;
    await to.commit(commit(version, [change]));
  }
  await settle();
  return opened;
}

function frames({ sink }: Watching): readonly string[] {
  return sink.takeText().split("\n").slice(0, -1);
}

test.each([
  ["pods", PODS],
  ["services", SERVICES],
])("05: the life of %s", async (path, resource) => {
  const { step, stream } = recordedWatch(scenario("05-watch-lifecycle"), `${path}?watch`);
  const watching = await replay(resource, step, { version: 215 }, changes(stream));
  expect(frames(watching)).toEqual(lines(stream));
});

test("05: who comes later is told the same", async () => {
  const { step, stream } = recordedWatch(scenario("05-watch-lifecycle"), "pods?watch");
  const first = await replay(PODS, step, { version: 215 }, changes(stream));
  const url = new URL(step.request?.path ?? "", "http://localhost");
  const second = await watch(hub, url.search, { namespace: "rec" });
  await settle();
  expect(frames(second)).toEqual(frames(first));
});

test("06: an object that leaves a selector, and one that enters it", async () => {
  const steps = scenario("06-watch-with-selector");
  const { step, stream } = recordedWatch(steps, "labelSelector");
  const [left] = stream;
  const patched = steps.flatMap(({ request, response }) => (request?.method === "PATCH" ? (response?.json ?? []) : []));
  const before = structuredClone(left?.object) as { metadata: { resourceVersion: string } };
  before.metadata.resourceVersion = "232";
  const states = patched.map((state) => set(stored(state)));
  const watching = await replay(PODS, step, { version: 232, objects: [stored(before)] }, states);
  expect(frames(watching)).toEqual(lines(stream));
});

test.each(
  scenario("07-watch-initial-events").flatMap(({ request }, i) => (request?.path.includes("watch=1") ? [i] : [])),
)("07/%i: what there is", async (index) => {
  const steps = scenario("07-watch-initial-events");
  const step = steps[index]!;
  const all = steps[0]!.response!.stream!.slice(0, -1).map(({ object }) => stored(object));
  const refused =
    step.response?.stream === undefined || (step.response.stream[0] as { kind?: string })?.kind === "Status";
  const opened = replay(PODS, step, { version: 235, objects: all });
  if (refused) {
    const told = (step.response?.json ?? step.response?.stream?.[0]) as { readonly message: string };
    await expect(opened).rejects.toMatchObject({ status: { code: 422, message: told.message } });
  } else {
    expect(frames(await opened)).toEqual(lines(step.response.stream));
  }
});

test("10: a Table, its columns told once", async () => {
  const steps = scenario("10-tables");
  const { step, stream } = recordedWatch(steps, "pods?watch");
  const [pod] = steps[1]!.objects!;
  clock.setNow(Date.parse((pod as { metadata: { creationTimestamp: string } }).metadata.creationTimestamp));
  const object = stored(pod!);
  const watching = await replay(PODS, step, { version: 251, objects: [object] });
  const first = frames(watching);
  expect(first).toEqual(lines(stream));
  const other = await watch(hub, "resourceVersion=251", {
    representation: { type: "table", version: "v1" },
    namespace: "team-0",
  });
  await writer(store, { resource: PODS }).commit(commit(252, [set(object)]));
  await settle();
  const columns = (told: readonly string[]): unknown =>
    (JSON.parse(told[0] ?? "") as { object: { columnDefinitions: unknown } }).object.columnDefinitions;
  expect(columns(frames(watching))).toBeNull();
  expect(columns(frames(other))).toEqual(columns(first));
});

test("13: metadata alone", async () => {
  const steps = scenario("13-metadata-only");
  const { step, stream } = recordedWatch(steps, "watch=1");
  const after = stored(steps[1]!.response!.json!);
  const watching = await replay(PODS, step, { version: 253, objects: [after] }, [set(after)]);
  expect(frames(watching)).toEqual(lines(stream));
});

test("14: a version that is too old, in the API server's words", async () => {
  const step = scenario("14-expired").find(({ request }) => request?.path.includes("watch=1"))!;
  const watching = await replay(PODS, step, { version: 293 });
  expect(frames(watching)).toEqual(lines([step.response?.json]));
  expect(watching.sink.ended).toBe(true);
});

test.each<[string, ResourceType["kind"]]>([
  ["json", "Pod"],
  ["partial-object-metadata", "PartialObjectMetadata"],
  ["table", "Table"],
])("a bookmark as %s is a %s with a version", async (type, kind) => {
  const step: Step = {
    request: { method: "GET", path: "/api/v1/pods?watch=1&resourceVersion=5&allowWatchBookmarks=true" },
  };
  await replay(PODS, step, { version: 5 });
  const representation = { type, version: "v1" } as ObjectView["representation"];
  const { sink } = await watch(hub, "resourceVersion=5&allowWatchBookmarks=true", { representation });
  await pass(clock, 60_000);
  const [bookmark, ...more] = sink.take();
  expect(more).toEqual([]);
  expect(bookmark).toMatchObject({ type: "BOOKMARK", object: { kind, metadata: { resourceVersion: "5" } } });
});
