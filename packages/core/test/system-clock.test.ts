import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { systemClock } from "../src/index.ts";

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
