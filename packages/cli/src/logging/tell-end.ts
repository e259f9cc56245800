import type { Clock, Logger } from "@krm/core";
import { Interrupted } from "../interrupted.ts";

/**
 * Tells that a command was asked to end, as soon as it is, and on disposal that it has: to be disposed last, after all that
 * holds something. A command that ends by itself tells nothing here.
 */
export function tellEnd(logger: Logger, clock: Clock, signal: AbortSignal): Disposable {
  let asked: number | undefined;
  const ask = (): void => {
    asked = clock.monotonic();
    const { reason } = signal as { readonly reason: unknown };
    const why = reason instanceof Interrupted ? `: ${reason.message}` : "";
    logger.info({ about: { event: "stopping" } }, `stopping${why}`);
  };
  signal.addEventListener("abort", ask, { once: true });
  return {
    [Symbol.dispose]() {
      signal.removeEventListener("abort", ask);
      if (asked === undefined) return;
      const seconds = Math.round(clock.monotonic() - asked) / 1000;
      logger.info({ about: { event: "stopped", seconds } }, `stopped after ${seconds.toFixed(1)} s`);
    },
  };
}
