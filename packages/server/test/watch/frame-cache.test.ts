import type { ResourceVersion } from "@krm/core";
import { expect, it } from "vitest";
import { FrameCache } from "../../src/watch/frame-cache.ts";
import type { RingEvent } from "../../src/watch/watch-event.ts";
import { thing } from "./support.ts";

function event(version: number): RingEvent {
  const object = thing("a", version);
  return { type: "ADDED", version: String(version) as ResourceVersion, object, previous: undefined };
}

it("the oldest events go with all of their frames, and what goes is not counted any more", () => {
  const cache = new FrameCache(100);
  const events = Array.from({ length: 6 }, (_, i) => event(i + 1));
  const kept = (): readonly string[] =>
    events.flatMap((each) =>
      ["json", "table"].filter((id) => cache.get(each, id)).map((id) => `${each.version} ${id}`),
    );
  for (const each of events.slice(0, 5)) cache.keep(each, "json", Buffer.alloc(16));
  // A second form of the oldest one comes last, and goes first.
  cache.keep(events[0] as RingEvent, "table", Buffer.alloc(20));
  expect([cache.bytes, kept().length]).toEqual([100, 6]);
  cache.keep(events[5] as RingEvent, "json", Buffer.alloc(4));
  expect([cache.bytes, kept()]).toEqual([36, ["4 json", "5 json", "6 json"]]);
  cache.keep(events[5] as RingEvent, "table", Buffer.alloc(200));
  expect([cache.bytes, kept()]).toEqual([0, []]);
});
