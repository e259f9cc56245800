import {
  backoffMs,
  type Clock,
  type FeedBatch,
  isFinal,
  type ObjectKey,
  type ScopeStore,
  STORE_BACKOFF,
} from "@krm/core";
import type { CanaryInput } from "./canary-state.ts";

/** What reading for a canary works with. */
export interface CanaryFeedOptions {
  readonly store: ScopeStore;
  /** Of the object that the canary writes. */
  readonly key: ObjectKey;
  readonly clock: Clock;
  /** Chance for back-off, in [0, 1). */
  readonly random: () => number;
  /** Told what the view comes to show, in order; first how it is. */
  readonly onInput: (input: CanaryInput) => void;
}

/** Reads until the signal aborts, over failures of the store. Rejects only when the store can never be asked again. */
export async function readCanaryFeed(options: CanaryFeedOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, random } = options;
  let since: string | undefined;
  for (let failures = 0; !signal.aborted;) {
    try {
      since ??= await begin(options, signal);
      for await (const batch of store.changes({ since, signal })) {
        failures = 0;
        since = take(options, batch, since);
        if (since === undefined) break;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isFinal(error)) throw error;
      await clock.sleep(backoffMs(++failures, random(), undefined, STORE_BACKOFF), { signal }).catch(() => {});
    }
  }
}

/** Gives the cursor of the moment of which it tells. */
async function begin({ store, key, onInput }: CanaryFeedOptions, signal: AbortSignal): Promise<string> {
  const { meta, object } = await store.get(key, { signal });
  const shown = object && { uid: object.uid, resourceVersion: object.resourceVersion };
  onInput({ type: "begun", shown, through: meta.streamedThrough });
  return meta.cursor;
}

/** Gives the cursor behind the batch. Undefined: the feed must be begun anew. */
function take({ key, clock, onInput }: CanaryFeedOptions, batch: FeedBatch, since: string): string | undefined {
  if (batch.type === "reset") {
    onInput({ type: "gap" });
    return undefined;
  }
  const at = clock.monotonic();
  const readAt = clock.now();
  for (const { change } of batch.entries) {
    const of = change.type === "set" ? change.object : change;
    if (of.key !== key) continue;
    const uid = change.type === "set" ? of.uid : undefined;
    onInput({ type: "seen", seen: { uid, version: of.resourceVersion, at, readAt, live: change.origin === "stream" } });
  }
  const through = batch.meta?.streamedThrough;
  if (through !== undefined) onInput({ type: "passed", through });
  return batch.entries.at(-1)?.cursor ?? since;
}
