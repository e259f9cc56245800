import { expect, test } from "vitest";
import { objectKey, splitObjectKey } from "../src/index.ts";

test("trap 35: keys of different objects never collide, whatever a name may hold, and can be taken apart", () => {
  const namespaces = ["", "a", "a-b", "a.c", "b"];
  // Names of RBAC objects may hold colons, percent signs and capitals; a slash is in no name.
  const names = ["a", "a.b", "system:node", "50%25", "A", "a-b", "x.y:z%2F"];
  const keys = new Map<string, { namespace: string; name: string }>();
  for (const namespace of namespaces)
    for (const name of names) {
      const key = objectKey(namespace, name);
      expect(splitObjectKey(key)).toEqual({ namespace, name });
      keys.set(key, { namespace, name });
    }
  expect(keys.size).toBe(namespaces.length * names.length);
});
