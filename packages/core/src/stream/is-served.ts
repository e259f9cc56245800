import { KrmError } from "../errors.ts";
import { within } from "../internal/within.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListWatch } from "../ports/list-watch.ts";

const ANSWER_MS = 30_000;

/**
 * Whether the API server serves a resource that answers 404, by discovery. Undefined: nobody can tell, since discovery
 * fails too, or this source cannot ask it. Rejects only when `signal` aborts.
 */
export async function isServed(
  listWatch: ListWatch,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean | undefined> {
  if (listWatch.served === undefined) return undefined;
  const late = (): KrmError => new KrmError("KRM_CONNECTION", "discovery does not answer");
  try {
    return await within(ANSWER_MS, options, late, async (signal) => listWatch.served?.({ signal }));
  } catch {
    options.signal.throwIfAborted();
    return undefined;
  }
}
