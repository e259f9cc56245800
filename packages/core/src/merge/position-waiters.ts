import { untilAborted } from "../internal/abort.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { Clock } from "../ports/clock.ts";

/** Those who wait until the stream has told everything up to a version. */
export class PositionWaiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<{ readonly version: ResourceVersion; readonly resolve: (passed: boolean) => void }>();
  #position: ResourceVersion | undefined;

  constructor(clock: Clock, position: ResourceVersion | undefined) {
    this.#clock = clock;
    this.#position = position;
  }

  /** The stream is here now; after a restart of the cluster's history that may be further back. */
  moved(position: ResourceVersion | undefined): void {
    this.#position = position;
    for (const { version, resolve } of this.#waiting) if (this.#hasPassed(version)) resolve(true);
  }

  /** Resolves with true when the stream has passed `version`, with false when `ms` have passed without. */
  async passed(version: ResourceVersion, ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#hasPassed(version)) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wait = { version, resolve };
    const over = new AbortController();
    const late = this.#clock.sleep(ms, { signal: AbortSignal.any([signal, over.signal]) });
    late.then(
      () => resolve(false),
      () => {},
    );
    this.#waiting.add(wait);
    try {
      return await untilAborted(promise, signal);
    } finally {
      this.#waiting.delete(wait);
      over.abort();
    }
  }

  #hasPassed(version: ResourceVersion): boolean {
    return this.#position !== undefined && compareResourceVersions(this.#position, version) >= 0;
  }
}
