import type { Clock, Store } from "@krm/core";
import { Collector, DelayHistory } from "@krm/metrics";

/** Nothing of the samples is kept. Milliseconds. */
const HARDLY_EVER = 24 * 60 * 60 * 1000;

/** The delays of the last hour, kept up to date until it is disposed. */
export interface KeptDelays extends AsyncDisposable {
  readonly history: DelayHistory;
}

/**
 * Measures how late the events of a store were, from now on, for whoever asks this process. A feed that cannot be read for
 * good leaves the hour as it was: readers are answered all the same, and who follows the store tells of it.
 */
export function keepDelays(store: Store, clock: Clock): KeptDelays {
  const history = new DelayHistory(clock);
  const collector = new Collector({
    store,
    sink: history,
    reader: false,
    begin: "newest",
    sampleEveryMs: HARDLY_EVER,
    clock,
  });
  const over = new AbortController();
  const done = collector.run(over.signal).catch(() => {});
  return {
    history,
    async [Symbol.asyncDispose]() {
      over.abort();
      await done;
    },
  };
}
