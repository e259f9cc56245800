import { Interrupted } from "./interrupted.ts";

/**
 * Waits until the user or the system asks to end, which is how a command that runs on ends well, or until one of
 * `failures` rejects, which it passes on. A failure that resolves says nothing.
 */
export async function untilEnded(signal: AbortSignal, failures: readonly Promise<unknown>[] = []): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const end = (): void => ended.resolve();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  for (const failure of failures) failure.catch((error: unknown) => ended.reject(error));
  try {
    await ended.promise;
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** Throws when the user or the system has asked to end already: for use between the steps of a start. */
export function throwIfEnded(signal: AbortSignal): void {
  if (signal.aborted) throw signal.reason instanceof Error ? signal.reason : new Interrupted("SIGTERM");
}

/** For commands that run on: to be asked to end is not a failure, whatever it interrupts. */
export async function endsWell(work: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
