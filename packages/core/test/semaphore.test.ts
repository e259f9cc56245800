import { expect, test } from "vitest";
import { Semaphore } from "../src/index.ts";

const never = new AbortController().signal;

test("lets so many run at once, first come, first served", async () => {
  const semaphore = new Semaphore(2);
  const order: string[] = [];
  const gates = ["a", "b", "c", "d"].map((name) => ({ name, ...Promise.withResolvers<void>() }));
  const running = gates.map(({ name, promise }) =>
    semaphore.run(never, async () => {
      order.push(name);
      await promise;
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(["a", "b"]);
  gates[1]?.resolve();
  await running[1];
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(["a", "b", "c"]);
  for (const { resolve } of gates) resolve();
  await Promise.all(running);
  expect(order).toEqual(["a", "b", "c", "d"]);
});

test("who gives up while waiting takes nobody's turn, and a failure gives the turn back", async () => {
  const semaphore = new Semaphore(1);
  const gate = Promise.withResolvers<void>();
  const first = semaphore.run(never, async () => gate.promise);
  const stop = new AbortController();
  const given = semaphore.run(stop.signal, async () => "never");
  const last = semaphore.run(never, async () => "last");
  stop.abort(new Error("enough"));
  await expect(given).rejects.toThrow("enough");
  gate.reject(new Error("failed"));
  await expect(first).rejects.toThrow("failed");
  expect(await last).toBe("last");
});
