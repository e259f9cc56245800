import type { ResourceVersion, StoredObject } from "@krm/core";
import { expect, it } from "vitest";
import { FrameCache } from "../../src/watch/frame-cache.ts";
import type { RingEvent } from "../../src/watch/watch-event.ts";
import { thing } from "./support.ts";

function event(version: number, previous?: StoredObject): RingEvent {
  const object = thing("a", version);
  return { type: "ADDED", version: String(version) as ResourceVersion, object, previous };
}

/** What each of the events below keeps alive. */
const SIZE = thing("a", 1).bytes.byteLength;

it("the oldest events go with all of their frames, and what goes is not counted any more", () => {
  const cache = new FrameCache(100 + 6 * SIZE);
  const events = Array.from({ length: 6 }, (_, i) => event(i + 1));
  const kept = (): readonly string[] =>
    events.flatMap((each) =>
      ["json", "table"].filter((id) => cache.get(each, id)).map((id) => `${each.version} ${id}`),
    );
  for (const each of events.slice(0, 5)) cache.keep(each, "json", Buffer.alloc(16));
  // A second form of the oldest one comes last, and goes first.
  cache.keep(events[0] as RingEvent, "table", Buffer.alloc(20));
  expect([cache.bytes, kept().length]).toEqual([100 + 5 * SIZE, 6]);
  cache.keep(events[5] as RingEvent, "json", Buffer.alloc(4));
  expect([cache.bytes, kept()]).toEqual([36 + 3 * SIZE, ["4 json", "5 json", "6 json"]]);
  cache.keep(events[5] as RingEvent, "table", Buffer.alloc(100 + 6 * SIZE));
  expect([cache.bytes, kept()]).toEqual([0, []]);
});

it("counts the states that an event keeps alive, once for all of its frames", () => {
  const cache = new FrameCache();
  const [changed, gone] = [event(3, thing("a", 2)), thing("b", 4)];
  for (const id of ["json", "table"]) cache.keep(changed, id, Buffer.alloc(10));
  expect(cache.bytes).toBe(2 * SIZE + 20);
  // Its last state is the one before it; a reader may have another one, of earlier.
  cache.keep(
    { ...changed, type: "DELETED", object: gone, previous: gone, earlier: [thing("b", 3)] },
    "json",
    Buffer.of(),
  );
  expect(cache.bytes).toBe(4 * SIZE + 20);
});
