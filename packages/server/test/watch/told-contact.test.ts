// What a watch that asks for it is told of the view's last contact.
import { type CommittedMeta, MemoryStore, PODS, TOLD_CONTACT } from "@krm/core";
import { HEADERS, LAST_CONTACT_ANNOTATION, TELL } from "@krm/protocol";
import { ManualClock, type WritableScope } from "@krm/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { START, writer } from "../support/fixtures.ts";
import { WatchHub } from "../../src/watch/watch-hub.ts";
import {
  type AskOptions,
  brief,
  commit,
  type Frame,
  pass,
  set,
  settle,
  thing,
  watch,
  type Watching,
} from "./support.ts";

let clock: ManualClock;
let store: MemoryStore;
let hub: WatchHub;
let to: WritableScope;

const RESUMED = "resourceVersion=20&allowWatchBookmarks=true";

beforeEach(async () => {
  clock = new ManualClock({ now: START });
  store = new MemoryStore();
  hub = new WatchHub({ store, clock, random: () => 0.5 });
  to = writer(store, { resource: PODS });
  await to.commit(commit(20, [set(thing("a", 5))], heard(0)));
  await hub.prepare([{ resource: PODS }]);
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

/** The view last heard from its source so many seconds after the start. */
function heard(seconds: number): Partial<CommittedMeta> {
  return { lastContact: START + seconds * 1000 };
}

async function begun(query: string, options: AskOptions = { tellsContact: true }): Promise<Watching> {
  const watching = await watch(hub, query, options);
  await settle();
  return watching;
}

/** Frames in short, and of bookmarks how many seconds after the start the last contact was. */
function told({ sink }: Watching): readonly string[] {
  return sink.take().map((frame) => {
    const at = contactOf(frame);
    return at === undefined ? short(frame) : `${short(frame)} ${(Date.parse(at) - START) / 1000}`;
  });
}

function short(frame: Frame): string {
  if (frame.type !== "BOOKMARK") return brief(frame);
  const { resourceVersion, annotations } = frame.object.metadata;
  return `BOOKMARK ${resourceVersion}${annotations?.["k8s.io/initial-events-end"] === "true" ? " end" : ""}`;
}

function contactOf({ object }: Frame): string | undefined {
  return object.metadata.annotations?.[LAST_CONTACT_ANNOTATION];
}

test("core and protocol name it alike", () => {
  expect(TOLD_CONTACT).toEqual({
    ask: { header: TELL.header, value: TELL.lastContact },
    annotation: LAST_CONTACT_ANNOTATION,
    header: HEADERS.lastContact,
  });
});

test("every bookmark tells it: at the end of what there was, each minute, and before the end", async () => {
  const watching = await begun(
    "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=90",
    {
      tellsContact: true,
    },
  );
  expect(told(watching)).toEqual(["ADDED a@5", "BOOKMARK 20 end 0", "BOOKMARK 20 0"]);
  await pass(clock, 60_000);
  expect(told(watching)).toEqual(["BOOKMARK 20 0"]);
  await pass(clock, 30_000);
  expect(told(watching)).toEqual(["BOOKMARK 20 0"]);
  expect(await watching.end).toBe("timeout");
});

test("it is written as in the headers", async () => {
  const { sink } = await begun(RESUMED);
  expect(sink.takeText()).toBe(
    '{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"20",' +
      `"annotations":{"krm.dev/last-contact":"${new Date(START).toISOString()}"}},"spec":{"containers":null},"status":{}}}\n`,
  );
});

test.each([
  ["table", { type: "table", version: "v1" }],
  ["metadata", { type: "partial-object-metadata", version: "v1" }],
] as const)("in other forms too: %s", async (_name, representation) => {
  const { sink } = await begun(RESUMED, { tellsContact: true, representation });
  expect(sink.takeText()).toContain(`"annotations":{"krm.dev/last-contact":"${new Date(START).toISOString()}"}`);
});

test("who resumes is told it as soon as all that happened before is told", async () => {
  await to.commit(commit(22, [set(thing("b", 21)), set(thing("c", 22))], heard(1)));
  const watching = await begun(RESUMED);
  expect(told(watching)).toEqual(["ADDED b@21", "ADDED c@22", "BOOKMARK 22 1"]);
});

test("a newer contact is told at once, every ten seconds at most; one that stands still each minute", async () => {
  const watching = await begun(RESUMED);
  expect(told(watching)).toEqual(["BOOKMARK 20 0"]);
  await pass(clock, 9999);
  await to.commit(commit(21, [set(thing("b", 21))], heard(9)));
  await settle();
  expect(told(watching)).toEqual(["ADDED b@21"]);
  await pass(clock, 1);
  expect(told(watching)).toEqual(["BOOKMARK 21 9"]);
  // No commit has to come to tell the newest of those that were held back.
  await to.commit(commit(22, [set(thing("c", 22))], heard(10)));
  for (const seconds of [11, 12]) await to.commit(commit(22, [], heard(seconds)));
  await settle();
  expect(told(watching)).toEqual(["ADDED c@22"]);
  await pass(clock, 9999);
  expect(told(watching)).toEqual([]);
  await pass(clock, 1);
  expect(told(watching)).toEqual(["BOOKMARK 22 12"]);
  await pass(clock, 20_000);
  await to.commit(commit(22, [], heard(12)));
  await settle();
  expect(told(watching)).toEqual([]);
  await pass(clock, 20_000);
  expect(told(watching)).toEqual(["BOOKMARK 22 12"]);
  // Whatever a bookmark of the minute told that was not new does not put it off.
  await to.commit(commit(22, [], heard(60)));
  await settle();
  expect(told(watching)).toEqual(["BOOKMARK 22 60"]);
});

test("who asks for no bookmarks gets none, and who asks for nothing else those of the API server", async () => {
  const silent = await begun("resourceVersion=20");
  const others = await begun(RESUMED, {});
  await pass(clock, 30_000);
  await to.commit(commit(20, [], heard(30)));
  await pass(clock, 30_000);
  expect(silent.sink.take()).toEqual([]);
  expect(others.sink.take()).toEqual([
    {
      type: "BOOKMARK",
      object: {
        kind: "Pod",
        apiVersion: "v1",
        metadata: { resourceVersion: "20" },
        spec: { containers: null },
        status: {},
      },
    },
  ]);
});

test("where it is not known any more, a bookmark without it says so", async () => {
  const watching = await begun(RESUMED);
  await to.commit(commit(30, [], { lastContact: undefined }));
  await pass(clock, 10_000);
  expect(watching.sink.take().map(contactOf)).toEqual([new Date(START).toISOString(), undefined]);
  await pass(clock, 50_000);
  expect(watching.sink.take().map(contactOf)).toEqual([undefined]);
});
