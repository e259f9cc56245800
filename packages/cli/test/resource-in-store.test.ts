import { MemoryStore, NODES, PODS, type ResourceType } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { beforeEach, describe, expect, it } from "vitest";
import { resourceInStore } from "../src/roles/resource-in-store.ts";
import { type RecordingLogger, recordingLogger } from "./recording-logger.ts";

const WIDGETS: ResourceType = {
  ...PODS,
  group: "example.com",
  version: "v1",
  resource: "widgets",
  kind: "Widget",
  listKind: "WidgetList",
  singular: "widget",
  shortNames: ["wg"],
  custom: true,
};

let clock: ManualClock;
let logger: RecordingLogger;
let store: MemoryStore;
const stop = new AbortController();

beforeEach(() => {
  clock = new ManualClock();
  logger = recordingLogger();
  store = new MemoryStore();
});

async function bring(resource: ResourceType): Promise<void> {
  await store.scope({ resource }).acquire("streamer", { holder: "streamer", ttlMs: 1000 });
}

async function find(name: string, signal: AbortSignal = stop.signal): Promise<ResourceType> {
  return resourceInStore(name, store, { logger, clock, signal });
}

describe("a resource that is looked for without a cluster", () => {
  it.each(["pods", "po", "Pod", "v1/pods"])("is known where it is one of the six: %s", async (name) => {
    expect(await find(name)).toBe(PODS);
  });

  it.each(["widgets", "wg", "widgets.example.com", "example.com/v1/widgets"])(
    "is taken from the store: %s",
    async (name) => {
      await bring(WIDGETS);
      expect(await find(name)).toEqual(WIDGETS);
      expect(logger.lines).toEqual([]);
    },
  );

  it("is waited for, which is told once", async () => {
    await bring(NODES);
    const found = find("widgets");
    await clock.untilSleeping(1);
    await clock.advance(5000);
    expect(logger.lines).toEqual([
      'info no role has brought "widgets" to the store, which holds nodes; waiting for it',
    ]);
    await bring(WIDGETS);
    await clock.advance(1000);
    expect(await found).toEqual(WIDGETS);
  });

  it("is refused where its name fits several", async () => {
    await bring(WIDGETS);
    await bring({ ...WIDGETS, group: "example.org" });
    await expect(find("widgets")).rejects.toThrow('"widgets" could be widgets.example.com or widgets.example.org');
    expect((await find("widgets.example.org")).group).toBe("example.org");
  });

  it("is given up when asked to end", async () => {
    const over = new AbortController();
    const found = find("widgets", over.signal);
    await clock.untilSleeping(1);
    over.abort(new Error("over"));
    await expect(found).rejects.toThrow("over");
  });
});
