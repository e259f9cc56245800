import type { Clock } from "../ports/clock.ts";
import { untilAborted } from "./abort.ts";

/**
 * What `work` comes to, unless that takes longer than `ms`: then it rejects with `late()`, and so it does with the reason of
 * `signal` as soon as that aborts. The signal that the work is given aborts with the same; work that pays no heed to it
 * goes on, and how it ends is then nobody's to know. Leaves no timer behind.
 *
 * @param ms Milliseconds.
 * @example
 * const late = () => new KrmError("KRM_CONNECTION", "not answered within 10 s");
 * const answer = await within(10_000, { clock }, late, async (signal) => ask({ signal }));
 */
export async function within<T>(
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const over = new AbortController();
  void clock.sleep(ms, { signal: done.signal }).then(
    () => over.abort(late()),
    () => {},
  );
  const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  try {
    return await untilAborted(work(either), either);
  } finally {
    done.abort();
  }
}
