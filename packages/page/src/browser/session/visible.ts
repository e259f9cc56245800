/** Resolves once somebody can see the page: at once where they can. @throws the signal's reason */
export async function untilVisible(signal: AbortSignal): Promise<void> {
  while (document.visibilityState === "hidden") await changed(signal);
  signal.throwIfAborted();
}

/** A signal that aborts when the page has been out of sight for so long. Milliseconds. `until` ends the looking. */
export function hiddenFor(ms: number, until: AbortSignal): AbortSignal {
  const hidden = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") timer = setTimeout(() => hidden.abort(), ms);
  };
  document.addEventListener("visibilitychange", look, { signal: until });
  until.addEventListener("abort", () => clearTimeout(timer), { once: true });
  look();
  return hidden.signal;
}

async function changed(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const over = new AbortController();
  const { promise, resolve, reject } = deferred();
  document.addEventListener("visibilitychange", resolve, { signal: over.signal });
  signal.addEventListener("abort", () => reject(signal.reason), { signal: over.signal });
  try {
    await promise;
  } finally {
    over.abort();
  }
}

function deferred(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
} {
  let resolve = (): void => {};
  let reject = (_reason: unknown): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
