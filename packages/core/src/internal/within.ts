import type { KrmError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";

/**
 * What `work` comes to, unless that takes longer than `ms`: then its signal aborts with `late()`, and so it rejects.
 * Leaves no timer behind.
 */
export async function within<T>(
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  late: () => KrmError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const over = new AbortController();
  void clock.sleep(ms, { signal: done.signal }).then(
    () => over.abort(late()),
    () => {},
  );
  try {
    return await work(AbortSignal.any([signal, over.signal]));
  } finally {
    done.abort();
  }
}
