import type { Clock } from "@krm/core";
import type { Loop } from "./loop.ts";

interface Seen {
  readonly loop: Loop;
  /** By the monotonic clock: when it was first seen like this. */
  readonly since: number;
}

/**
 * Knows how long each loop of a process has looked the same, by a clock that is never put right, and so which of them hang.
 * What keeps a role from its work (an API server or a store that is away) makes it try again and again: that is going on.
 */
export class LoopWatch {
  readonly #clock: Clock;
  #seen: ReadonlyMap<string, Seen> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Looks at all loops; to be called every second or so.
   *
   * @param blind What they look like comes from a store that does not answer: nothing can be said, and no time counts.
   */
  look(loops: readonly Loop[], blind: boolean): void {
    const now = this.#clock.monotonic();
    this.#seen = new Map(
      loops.map((loop) => {
        const before = this.#seen.get(loop.name);
        const same = before?.loop.mark === loop.mark && before.loop.doing === loop.doing && !blind;
        return [loop.name, { loop, since: same ? before.since : now }];
      }),
    );
  }

  /** Each loop that has looked the same for longer than it may: its name and what it was doing. */
  stuck(): readonly string[] {
    const now = this.#clock.monotonic();
    return [...this.#seen.values()].flatMap(({ loop: { name, doing, limitMs }, since }) =>
      limitMs === undefined || now - since <= limitMs ? [] : [`${name} makes no progress (${doing})`],
    );
  }
}
