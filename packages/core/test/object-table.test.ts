import { expect, test } from "vitest";
import { objectKey, type StoredObject, type Uid, type ViewChange } from "../src/index.ts";
import { ObjectTable } from "../src/store/object-table.ts";
import { randomBelow } from "./support/model-cluster.ts";
import { storedObject } from "./support/objects.ts";

const namespaces = ["a", "a-b", "b", "a.c"];

function set(object: StoredObject): ViewChange {
  return { type: "set", object, previous: undefined, origin: "stream", observedAt: 0 };
}

function removed(namespace: string, name: string): ViewChange {
  const key = objectKey(namespace, name);
  const version = storedObject(name, "u", "1", namespace).resourceVersion;
  return {
    type: "removed",
    key,
    uid: "u" as Uid,
    resourceVersion: version,
    finalState: "unknown",
    origin: "list",
    observedAt: 0,
  };
}

test("any mix of small and large batches leaves the API server's order, the count and the size", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = randomBelow(seed);
    const table = new ObjectTable();
    const model = new Map<string, StoredObject>();
    for (let batch = 0; batch < 6; batch++) {
      const size = random(2) === 0 ? random(20) : 256 + random(300);
      const changes = Array.from({ length: size }, (): ViewChange => {
        const namespace = namespaces[random(namespaces.length)] as string;
        const name = `o${random(150)}`;
        if (random(3) === 0) {
          model.delete(objectKey(namespace, name));
          return removed(namespace, name);
        }
        const object = storedObject(name, "u", String(1 + random(99)), namespace);
        model.set(object.key, object);
        return set(object);
      });
      table.apply(changes);
    }
    const keys = [...model.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(
      table.read().map(({ key }) => key),
      `seed ${seed}`,
    ).toEqual(keys);
    expect(table.size).toBe(model.size);
    expect(table.bytes).toBe([...model.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
    for (const namespace of namespaces)
      expect(table.read({ namespace }).map(({ key }) => key)).toEqual(
        keys.filter((key) => key.startsWith(`${namespace}/`)),
      );
  }
});

test("cluster-scoped objects are one namespace without a name", () => {
  const table = new ObjectTable();
  table.apply([set(storedObject("n2", "u", "1", "")), set(storedObject("n1", "u", "1", ""))]);
  expect(table.read().map(({ key }) => key)).toEqual(["n1", "n2"]);
  expect(table.read({ namespace: "" })).toHaveLength(2);
});
