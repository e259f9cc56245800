import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type ListWatch, parseResourceVersion, systemClock, type WatchEvent } from "../src/index.ts";
import { watchWithWatchdog } from "../src/stream/watchdog.ts";

describe("a guarded watch", () => {
  test("that is left at its first batch, before anyone reads it, is closed", async () => {
    let given: AbortSignal | undefined;
    const listWatch: Pick<ListWatch, "watch"> = {
      watch: (_request, options) => {
        given = options?.signal;
        const never: AsyncIterable<readonly WatchEvent[]> = {
          [Symbol.asyncIterator]: () => {
            throw new Error("nobody reads it");
          },
        };
        return Promise.resolve(never);
      },
    };
    const request = { resourceVersion: parseResourceVersion("7"), timeoutSeconds: 300 };
    const options = { clock: systemClock, signal: new AbortController().signal };
    for await (const batch of watchWithWatchdog(listWatch as ListWatch, request, options)) {
      expect([batch, given?.aborted]).toEqual([[], false]);
      break;
    }
    expect(given?.aborted).toBe(true);
  });
});

describe("the machine's clock", () => {
  test("sleeps longer than one timer can", async () => {
    const warnings: string[] = [];
    const warned = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", warned);
    const controller = new AbortController();
    const sleeping = systemClock.sleep(2 ** 32, { signal: controller.signal });
    // Node warns of a timer that overflows, and lets it fire at once.
    await turn();
    controller.abort(new Error("enough"));
    await expect(sleeping).rejects.toBe(controller.signal.reason);
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });
});
