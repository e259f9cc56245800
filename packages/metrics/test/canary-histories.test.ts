import { parseResourceVersion, type ResourceVersion, type Uid } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { expect, it } from "vitest";
import { type CanaryInput, IDLE_CANARY, stepCanary } from "../src/canary/canary-state.ts";

const HISTORIES = 2000;
const STEPS = 120;

const uid = "u1" as Uid;

type Fate = "told" | "listed" | "dropped";

/** A cluster, its stream, and the feed of what the stream told; each as far as it has come. */
class World {
  readonly random: SeededRandom;
  /** Nothing is listed, and the feed goes on. */
  readonly #calm: boolean;
  /** Writes of the object, ours and others', in order. */
  readonly #events: { readonly version: number; readonly own: boolean }[] = [];
  readonly fates = new Map<ResourceVersion, Fate>();
  readonly outcomes = new Map<ResourceVersion, string[]>();
  state = IDLE_CANARY;
  at = 0;
  writes = 0;
  #version = 100;
  #next = 0;
  #sent = false;
  #made: ResourceVersion | undefined;

  constructor(seed: string, calm: boolean) {
    this.random = new SeededRandom(seed);
    this.#calm = calm;
  }

  #step(input: CanaryInput): void {
    const { state, outcomes } = stepCanary(this.state, input);
    this.state = state;
    for (const outcome of outcomes) {
      if (outcome.type === "heard") continue;
      const { version } = outcome.write;
      this.outcomes.set(version, [...(this.outcomes.get(version) ?? []), outcome.type]);
    }
  }

  #write(own: boolean): void {
    this.#events.push({ version: ++this.#version, own });
    if (own) this.#made = version(this.#version);
  }

  turn(): void {
    this.at++;
    switch (this.random.integer(0, 9)) {
      case 0:
        if (!this.#sent) {
          this.#step({ type: "writing" });
          this.#sent = true;
          if (this.random.chance(0.7)) this.#write(true);
        } else if (this.#made === undefined) this.#write(true);
        return;
      case 1:
      case 2:
        if (this.#made !== undefined) this.#answer(this.#made);
        return;
      case 3:
        return this.#write(false);
      case 4:
        // Somebody writes another object.
        this.#version++;
        return;
      case 5:
        return this.#step({ type: "tick", at: this.at, overdueAfterMs: 10 });
      case 6:
        return !this.#calm && this.random.chance(0.1) ? this.#begin() : undefined;
      case 7:
        return !this.#calm && this.random.chance(0.2) ? this.#relist() : undefined;
      default:
        return this.tell();
    }
  }

  #answer(made: ResourceVersion): void {
    this.writes++;
    const write = { uid, version: made, created: false, sentAt: this.at, answeredAt: this.at, writtenAt: this.at };
    this.#step({ type: "written", write });
    this.#sent = false;
    this.#made = undefined;
  }

  finish(): void {
    if (this.#sent && this.#made === undefined) this.#write(true);
    if (this.#made !== undefined) this.#answer(this.#made);
    while (this.#next < this.#events.length) this.tell();
    this.#step({ type: "passed", through: version(++this.#version) });
  }

  /** The stream comes to the next event: it tells it, or goes past it, and says so now or with a later one. */
  tell(): void {
    const event = this.#events[this.#next];
    if (event === undefined) return this.#step({ type: "passed", through: version(this.#version) });
    this.#next++;
    const fate = this.random.chance(0.8) ? "told" : "dropped";
    if (event.own) this.fates.set(version(event.version), fate);
    if (fate === "told") this.#see(event.version, true);
    if (fate === "told" || this.random.chance(0.5)) this.#step({ type: "passed", through: version(event.version) });
  }

  /** The streamer lists: what it had not told by then it never will. */
  #relist(): void {
    const left = this.#events.slice(this.#next);
    this.#next = this.#events.length;
    for (const { own, version: of } of left) if (own) this.fates.set(version(of), "listed");
    const last = left.at(-1);
    if (last !== undefined) this.#see(last.version, false);
    this.#step({ type: "passed", through: version(this.#version) });
  }

  /** The feed does not reach back: the view is read again, as the stream has told it. */
  #begin(): void {
    this.#step({ type: "gap" });
    const told = this.#events[this.#next - 1];
    this.#step({
      type: "begun",
      shown: undefined,
      through: told === undefined ? undefined : version(told.version),
    });
  }

  #see(of: number, live: boolean): void {
    this.#step({ type: "seen", seen: { uid, version: version(of), at: this.at, readAt: this.at, live } });
  }
}

function version(of: number): ResourceVersion {
  return parseResourceVersion(String(of));
}

it(`in ${HISTORIES} random histories, claims every lost write that it can, no other, and each write once`, () => {
  const seen: Record<string, number> = {};
  for (let k = 0; k < HISTORIES; k++) {
    const calm = k % 2 === 0;
    const world = new World(`canary/${k}`, calm);
    for (let step = 0; step < STEPS; step++) world.turn();
    world.finish();
    expect(world.state.pending, `history ${k}`).toEqual([]);
    expect(world.fates.size, `history ${k}`).toBe(world.writes);
    for (const [of, fate] of world.fates) {
      const ends = (world.outcomes.get(of) ?? []).filter((type) => type !== "overdue" && type !== "silent");
      expect(ends, `history ${k}, write ${of}, ${fate}`).toHaveLength(1);
      const what = `${calm ? "calm, " : ""}${fate}: ${ends[0]}`;
      seen[what] = (seen[what] ?? 0) + 1;
    }
  }
  expect(Object.keys(seen).toSorted()).toEqual([
    "calm, dropped: lost",
    "calm, told: delay",
    "dropped: lost",
    "dropped: unknown",
    "listed: unknown",
    "told: delay",
    "told: unknown",
  ]);
});
