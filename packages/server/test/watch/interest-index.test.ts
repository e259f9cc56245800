import { hasTerm, type ObjectTerm, type StoredObject } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { expect, it } from "vitest";
import { InterestIndex } from "../../src/watch/interest-index.ts";
import { pod } from "../support/fixtures.ts";

interface Item {
  readonly name: string;
  readonly where: readonly ObjectTerm[];
}

function onNode(...values: string[]): ObjectTerm {
  return { by: "field", path: ["spec", "nodeName"], values };
}

function app(...values: string[]): ObjectTerm {
  return { by: "label", name: "app", values };
}

it("whoever comes and goes, nobody is left out whose terms hold for a state, and nobody comes twice", () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new SeededRandom(`interest ${seed}`);
    const value = (): string => `v${random.integer(0, 5)}`;
    const object = (): StoredObject => pod({ name: `p-${value()}`, labels: { app: value() } }, value());
    const term = (): ObjectTerm =>
      random.pick<() => ObjectTerm>([
        () => app(value()),
        () => app(value(), value()),
        () => onNode(value()),
        () => ({ by: "field", path: ["metadata", "name"], values: [`p-${value()}`] }),
      ])();
    const index = new InterestIndex<Item>();
    const items = new Set<Item>();
    for (let step = 0; step < 120; step++) {
      if (random.chance(0.6)) {
        const where = Array.from({ length: random.integer(0, 2) }, term);
        const item = { name: `i${step}`, where };
        items.add(item);
        index.add(where, item);
      } else if (items.size > 0) {
        const item = random.pick([...items]);
        items.delete(item);
        index.delete(item.where, item);
      }
      const states = Array.from({ length: random.integer(1, 2) }, object);
      const found = [...index.of(states)];
      expect(new Set(found).size, `seed ${seed}, step ${step}`).toBe(found.length);
      const wanted = [...items].filter(({ where }) =>
        states.some((state) => where.every((one) => hasTerm(one, state))),
      );
      expect(found).toEqual(expect.arrayContaining(wanted));
    }
    for (const item of items) index.delete(item.where, item);
    expect([...index.of([object()])]).toEqual([]);
  }
});

it("an event is not held against who waits for other nodes", () => {
  const index = new InterestIndex<string>();
  for (let node = 0; node < 1000; node++) index.add([onNode(`n${node}`)], `of n${node}`);
  index.add([], "of all");
  index.add([app("web", "db"), onNode("n7")], "of web or db on n7");
  const [before, after] = [pod({ name: "a" }, "n7"), pod({ name: "a" }, "n9")];
  expect([...index.of([before, after])]).toEqual(["of all", "of n7", "of web or db on n7", "of n9"]);
});
