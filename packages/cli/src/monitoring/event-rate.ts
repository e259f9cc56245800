/** How far back a rate looks, in milliseconds. */
const WINDOW_MS = 10_000;

/** Turns a counter that is read now and then into events per second over the last ten seconds. */
export class EventRate {
  readonly #samples: { readonly at: number; readonly count: number }[] = [];

  /**
   * Takes a reading. A counter that went back (its process started anew) begins again.
   *
   * @param at Milliseconds of a clock that never goes back.
   */
  read(count: number, at: number): number {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last !== undefined && count < last.count) samples.length = 0;
    samples.push({ at, count });
    while (samples.length > 2 && (samples[1]?.at ?? at) <= at - WINDOW_MS) samples.shift();
    const first = samples[0] ?? { at, count };
    return at === first.at ? 0 : ((count - first.count) * 1000) / (at - first.at);
  }
}
