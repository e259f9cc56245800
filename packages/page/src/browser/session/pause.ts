/** Resolves after so many milliseconds, or as soon as `early` tells `opened`. @throws the signal's reason */
export async function pause(ms: number, signal: AbortSignal, early?: EventTarget): Promise<void> {
  signal.throwIfAborted();
  const over = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      over.signal.addEventListener("abort", () => clearTimeout(timer));
      early?.addEventListener("opened", () => resolve(), { signal: over.signal });
      signal.addEventListener("abort", () => reject(signal.reason as Error), { signal: over.signal });
    });
  } finally {
    over.abort();
  }
}
