/** Runs a list when there is room for one; rejects with the signal's reason when aborted before that. */
export type ListSlot = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** Lets at most so many lists run at once, so that those of many namespaces are not all asked for together. */
export function listSlots(count: number): ListSlot {
  let running = 0;
  const waiting = new Set<() => void>();
  const turn = async (signal: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => reject(signal.reason);
    waiting.add(resolve);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      waiting.delete(resolve);
      signal.removeEventListener("abort", leave);
    }
  };
  return async (signal, work) => {
    signal.throwIfAborted();
    while (running >= count) await turn(signal);
    running++;
    try {
      return await work();
    } finally {
      running--;
      // All of them look: one that has just been aborted would else let its turn pass unused.
      for (const wake of waiting) wake();
    }
  };
}
