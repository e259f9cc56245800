import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemTiming } from "../src/timing.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a sleep that is longer than a timer takes is as long as one takes, and not over at once", async () => {
  const over = vi.fn<() => void>();
  void systemTiming.sleep(2 ** 31, new AbortController().signal).then(over);
  await vi.advanceTimersByTimeAsync(2 ** 31 - 2);
  expect(over).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(over).toHaveBeenCalledOnce();
});
