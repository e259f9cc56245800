import { SeededRandom } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { lineBytes, Outbox, type Parcel } from "../../src/influx/waiting/outbox.ts";
import { SettleOrder } from "../../src/influx/waiting/settle-order.ts";

const SEEDS = Array.from({ length: 40 }, (_, index) => index);

describe("the outbox", () => {
  test.each(SEEDS)("agrees with a plain list (seed %i)", (seed) => {
    const random = new SeededRandom(seed);
    const outbox = new Outbox();
    /** Places of lines that wait, in order; and of each offer, how many are left. */
    let waiting: number[] = [];
    const offers: { first: number; left: number }[] = [];
    const finished: number[] = [];
    const out: Parcel[] = [];
    let next = 0;
    const gone = (place: number): void => {
      waiting = waiting.filter((other) => other !== place);
      const offer = offers.findLast(({ first }) => first <= place);
      if (offer !== undefined) offer.left -= 1;
    };
    for (let step = 0; step < 300; step++) {
      const act = random.weighted({ add: 4, take: 3, done: 3, drop: 1 });
      if (act === "add") {
        const first = next;
        const lines = Array.from({ length: random.integer(1, 6) }, (_, index) => `é${first + index}`);
        next += lines.length;
        offers.push({ first, left: lines.length });
        for (const [index] of lines.entries()) waiting.push(first + index);
        const bytes = lines.reduce((sum, line) => sum + lineBytes(line), 0);
        outbox.add({ lines, at: step, since: step, done: () => finished.push(first) }, bytes);
      } else if (act === "take" && out.length < 2) {
        const most = random.integer(1, 9);
        const parcel = outbox.take({ lines: most, bytes: random.integer(1, 60), exactly: random.chance(0.3) });
        if (parcel === undefined) continue;
        expect(parcel.lines.length).toBeGreaterThan(0);
        expect(parcel.lines.length).toBeLessThanOrEqual(most);
        expect(parcel.bytes).toBe(parcel.lines.reduce((sum, line) => sum + lineBytes(line), 0));
        expect(parcel.lines).toEqual(parcel.lines.map((_, index) => `é${parcel.first + index}`));
        out.push(parcel);
      } else if (act === "done" && out.length > 0) {
        const [parcel] = out.splice(random.integer(0, out.length - 1), 1) as [Parcel];
        const count = random.integer(0, parcel.lines.length);
        for (let index = 0; index < count; index++) gone(parcel.first + index);
        parcel.done(count);
      } else if (act === "drop") {
        const first = outbox.first;
        const dropped = outbox.dropOldest();
        if (dropped === undefined || first === undefined) continue;
        for (let index = 0; index < dropped; index++) gone(first + index);
      }
      expect(outbox.lines).toBe(waiting.length);
      expect(outbox.bytes).toBe(waiting.reduce((sum, place) => sum + lineBytes(`é${place}`), 0));
      expect(finished.toSorted((a, b) => a - b)).toEqual(
        offers.filter(({ left }) => left === 0).map(({ first }) => first),
      );
      expect(outbox.oldestPlace).toBe(waiting.length === 0 && out.length === 0 ? undefined : outbox.oldestPlace);
      if (out.length === 0) {
        expect(outbox.first).toBe(waiting[0]);
        expect(outbox.oldestPlace).toBe(waiting[0]);
        expect(outbox.idleLines).toBe(waiting.length);
      }
    }
  });

  test("takes whole offers, and a part only of one that is too large alone", () => {
    const outbox = new Outbox();
    const add = (count: number): void => {
      const lines = Array.from({ length: count }, () => "x");
      outbox.add({ lines, at: 0, since: 0, done: () => {} }, count * 2);
    };
    add(3);
    add(4);
    add(12);
    const sizes: number[] = [];
    for (let parcel = outbox.take({ lines: 5, bytes: 1000 }); parcel; parcel = outbox.take({ lines: 5, bytes: 1000 })) {
      sizes.push(parcel.lines.length);
      parcel.done(parcel.lines.length);
    }
    expect(sizes).toEqual([3, 4, 5, 5, 2]);
  });
});

describe("settling", () => {
  test("keeps the order of the offers, whatever is done first, and calls each once", async () => {
    const called: string[] = [];
    const errors: unknown[] = [];
    const order = new SettleOrder((error) => errors.push(error));
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) =>
      order.add(() => {
        called.push(name);
        if (name === "b") throw new Error("b's own");
      }),
    );
    b!();
    await Promise.resolve();
    expect(called).toEqual([]);
    a!();
    expect(called).toEqual([]);
    await Promise.resolve();
    expect(called).toEqual(["a", "b"]);
    d!();
    c!();
    order.add(undefined)();
    await Promise.resolve();
    expect(called).toEqual(["a", "b", "c", "d"]);
    expect(errors).toEqual([new Error("b's own")]);
  });
});
