import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { decodeObject, hasTerm, type ObjectTerm, type StoredObject, type ViewChange } from "../src/index.ts";
import { ObjectTable } from "../src/store/object-table.ts";
import { readMember } from "../src/wire/read-member.ts";
import { randomBelow } from "./support/model-cluster.ts";

const NAMESPACES = ["a", "a-b", "b", "a.c"];

function object(namespace: string, name: string, metadata: object, rest: object = {}): StoredObject {
  const text = JSON.stringify({ metadata: { name, namespace, uid: "u", resourceVersion: "1", ...metadata }, ...rest });
  return decodeObject(Buffer.from(text));
}

function set(one: StoredObject): ViewChange {
  return { type: "set", object: one, previous: undefined, origin: "stream", observedAt: 0 };
}

function removed({ key, resourceVersion, uid }: StoredObject): ViewChange {
  return { type: "removed", key, uid, resourceVersion, finalState: "unknown", origin: "list", observedAt: 0 };
}

function app(...values: string[]): ObjectTerm {
  return { by: "label", name: "app", values };
}

function node(...values: string[]): ObjectTerm {
  return { by: "field", path: ["spec", "nodeName"], values };
}

/** Asked for twice, a term has an index; small views are in it at once. */
function warm(table: ObjectTable, ...terms: ObjectTerm[]): void {
  for (let time = 0; time < 2; time++) for (const term of terms) table.read({ where: [term] });
}

function keys(objects: readonly StoredObject[]): readonly string[] {
  return objects.map(({ key }) => key);
}

test("whatever comes, changes and goes, a look-up leaves out nothing that fits, and keeps the order", () => {
  const terms = [
    app("v0"),
    app("v1", "v2"),
    node("v0"),
    { by: "owner", values: ["v3"] },
    { by: "owner", values: ["v1", "v2"] },
  ] satisfies ObjectTerm[];
  let narrowed = 0;
  for (let seed = 0; seed < 20; seed++) {
    const random = randomBelow(seed);
    const value = (): string => `v${random(8)}`;
    const table = new ObjectTable();
    const model = new Map<string, StoredObject>();
    for (let batch = 0; batch < 12; batch++) {
      const size = random(4) > 0 ? random(20) : 256 + random(300);
      const changes = Array.from({ length: size }, (): ViewChange => {
        const one = object(
          NAMESPACES[random(NAMESPACES.length)] as string,
          `o${random(150)}`,
          {
            ...(random(3) > 0 ? { labels: { app: value() } } : {}),
            ...(random(2) > 0 ? { ownerReferences: [{ uid: value() }, { uid: value() }] } : {}),
          },
          random(3) > 0 ? { spec: { nodeName: value() } } : {},
        );
        if (random(4) === 0) {
          model.delete(one.key);
          return removed(one);
        }
        model.set(one.key, one);
        return set(one);
      });
      table.apply(changes);
      for (let ask = 0; ask < 3; ask++) {
        const where = terms.filter(() => random(3) === 0);
        const namespace = random(2) === 0 ? undefined : NAMESPACES[random(NAMESPACES.length)];
        const all = [...model.values()].filter((one) => namespace === undefined || one.namespace === namespace);
        const sorted = all.toSorted((a, b) => (a.key < b.key ? -1 : 1));
        const read = table.read({ namespace, where });
        const wanted = (one: StoredObject): boolean => where.every((term) => hasTerm(term, one));
        expect(keys(read.filter(wanted)), `seed ${seed}`).toEqual(keys(sorted.filter(wanted)));
        expect(keys(read)).toEqual(keys(sorted.filter((one) => read.includes(one))));
        if (read.length < sorted.length) narrowed += 1;
      }
    }
  }
  // Or else nothing of the above was about indexes.
  expect(narrowed).toBeGreaterThan(80);
});

test("what is looked up again is found by itself, in one namespace too", () => {
  const table = new ObjectTable();
  const objects = NAMESPACES.flatMap((namespace) =>
    Array.from({ length: 100 }, (_, i) =>
      object(namespace, `o${i}`, { labels: { app: `app-${i % 10}` } }, { spec: { nodeName: `node-${i}` } }),
    ),
  );
  table.apply(objects.map(set));
  expect(table.read({ where: [app("app-3")] })).toHaveLength(400);
  expect(table.read({ where: [app("app-3")] })).toHaveLength(40);
  warm(table, node("node-3"));
  expect(keys(table.read({ namespace: "a", where: [app("app-3")] }))).toEqual(
    [3, 13, 23, 33, 43, 53, 63, 73, 83, 93].map((i) => `a/o${i}`).toSorted(),
  );
  expect(table.read({ where: [app("app-3"), node("node-3")] })).toHaveLength(4);
  expect(table.read({ where: [app("app-3", "app-4")] })).toHaveLength(80);
  expect(table.read({ where: [app("none")] })).toEqual([]);
});

test("what most objects have is not worth a look-up", () => {
  const table = new ObjectTable();
  const objects = Array.from({ length: 100 }, (_, i) => object("a", `o${i}`, { labels: { app: i < 80 ? "x" : "y" } }));
  table.apply(objects.map(set));
  warm(table, app("x"));
  expect(table.read({ where: [app("x")] })).toHaveLength(100);
  expect(table.read({ where: [app("y")] })).toHaveLength(20);
});

test("a large view is taken in turn by turn, and what changes meanwhile is in it", async () => {
  const table = new ObjectTable();
  const objects = Array.from({ length: 5000 }, (_, i) => object("a", `o${i}`, { labels: { app: `v${i % 100}` } }));
  table.apply(objects.map(set));
  warm(table, app("v7"));
  expect(table.read({ where: [app("v7")] }).length).toBeGreaterThan(4000);
  // One that is in the index already, and one that is not.
  table.apply([
    set(object("a", "o7", { labels: { app: "v8" } })),
    set(object("a", "o4907", { labels: { app: "v8" } })),
  ]);
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  expect(table.read({ where: [app("v7")] })).toHaveLength(48);
  expect(table.read({ where: [app("v8")] })).toHaveLength(52);
});

test("a few objects are looked through without an index, which all others would pay for", () => {
  const table = new ObjectTable();
  const all = Array.from({ length: 300 }, (_, i) => object("a", `o${i}`, { labels: { app: `v${i}` } }));
  table.apply([...all, object("few", "x", { labels: { app: "v1" } })].map(set));
  for (let time = 0; time < 5; time++) table.read({ namespace: "few", where: [app("v1")] });
  // Or else this would be the second time.
  expect(table.read({ where: [app("v1")] })).toHaveLength(301);
  expect(table.read({ where: [app("v1")] })).toHaveLength(2);
});

test("many things that are looked up take turns in sixteen indexes, and each is still right", () => {
  const table = new ObjectTable();
  const labels = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`l${i}`, "x"]));
  const others = Array.from({ length: 100 }, (_, i) => set(object("a", `o${i}`, {})));
  table.apply([set(object("a", "with", { labels })), ...others]);
  const terms = Array.from({ length: 40 }, (_, i): ObjectTerm => ({ by: "label", name: `l${i}`, values: ["x"] }));
  for (let round = 0; round < 3; round++)
    for (const term of terms) expect(keys(table.read({ where: [term] }))).toContain("a/with");
});

test("however much is looked up in one turn, and however often, no more than a turn's work is done for it", async () => {
  const table = new ObjectTable();
  const filler = "x".repeat(4000);
  const objects = Array.from({ length: 3000 }, (_, i) =>
    object("a", `o${i}`, {}, { spec: { filler, nodeName: `n${i}` } }),
  );
  table.apply(objects.map(set));
  const term = node("n7");
  for (let time = 0; time < 50; time++) expect(table.read({ where: [term, term, term] })).toHaveLength(3000);
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  expect(table.read({ where: [term] })).toHaveLength(1);
});

test("a read belongs to the caller", () => {
  const table = new ObjectTable();
  const values = ["x", ...Array.from({ length: 100 }, (_, i) => `y${i}`)];
  table.apply(values.map((value) => set(object("a", value, { labels: { app: value } }))));
  warm(table, app("x"));
  table.read({ where: [app("x")] }).length = 0;
  expect(table.read({ where: [app("x")] })).toHaveLength(1);
});

test("members are read out of the bytes as JSON.parse reads them", () => {
  const text =
    '{ "a" : {"b":[1,{"c":"no"}],"c":"yes"} , "n":null,"e":{}, "q":"\\u0041\\"}" ,"d":{"x":1.0},"s":{"s":{"s":"deep"}},"\\u0065sc":"aped"}';
  const parsed = JSON.parse(text) as Record<string, unknown>;
  for (const path of [["a"], ["a", "c"], ["a", "b"], ["n"], ["e"], ["q"], ["d", "x"], ["s", "s", "s"], ["esc"]]) {
    const expected = path.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], parsed);
    expect(readMember(Buffer.from(text), path), path.join(".")).toEqual(expected);
  }
  for (const path of [["c"], ["a", "x"], ["e", "x"], ["n", "x"], ["q", "x"], ["a", "b", "0"]])
    expect(readMember(Buffer.from(text), path), path.join(".")).toBeUndefined();
});
