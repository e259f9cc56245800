import { setTimeout as sleep } from "node:timers/promises";
import { KrmError } from "@krm/core";

const PERIOD_MS = 20;

/**
 * Asks again and again until the answer is not `undefined`, and resolves to it. An error counts as no answer: servers
 * that are starting refuse. Throws once the time is over; the last error is the cause.
 */
export async function waitUntil<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined>,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null) return answer;
    } catch (error) {
      cause = error;
    }
    await sleep(PERIOD_MS);
  } while (performance.now() < deadline);
  throw new KrmError("KRM_NOT_READY", `${what}: not within ${timeoutMs} ms`, { cause });
}
