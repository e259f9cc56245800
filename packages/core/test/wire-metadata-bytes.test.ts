import { metadataRange, type ResourceVersion, withResourceVersion } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";

function changed(text: string, version: string): string {
  return new TextDecoder().decode(withResourceVersion(Buffer.from(text), version as ResourceVersion));
}

test.each([
  [
    '{"metadata":{"name":"a","resourceVersion":"1"},"spec":{}}',
    '{"metadata":{"name":"a","resourceVersion":"22"},"spec":{}}',
  ],
  [
    '{"a":{"resourceVersion":"9"},"metadata":{"x":{"resourceVersion":"8"},"resourceVersion":"1"}}',
    '{"a":{"resourceVersion":"9"},"metadata":{"x":{"resourceVersion":"8"},"resourceVersion":"22"}}',
  ],
  [
    '{"spec":"{\\"metadata\\":{","metadata" : { "annotations":{"a":"}\\\\"} , "resourceVersion" : "1" } }',
    '{"spec":"{\\"metadata\\":{","metadata" : { "annotations":{"a":"}\\\\"} , "resourceVersion" : "22" } }',
  ],
  ['{"\\u006detadata":{"resource\\u0056ersion":"1"}}', '{"\\u006detadata":{"resource\\u0056ersion":"22"}}'],
  [
    '{"metadata":{"n":[1,{"a":[]},-2e3,true,null],"resourceVersion":"1"}}',
    '{"metadata":{"n":[1,{"a":[]},-2e3,true,null],"resourceVersion":"22"}}',
  ],
  ['{"metadata":{"name":"a"}}', '{"metadata":{"resourceVersion":"22","name":"a"}}'],
  ['{"metadata":{}}', '{"metadata":{"resourceVersion":"22"}}'],
])("%s", (before, after) => {
  expect(changed(before, "22")).toBe(after);
});

test("random objects: what JSON.parse sees, and nothing else, is changed", () => {
  const random = new SeededRandom(3);
  const value = (depth: number): unknown => {
    if (depth === 0 || random.chance(0.3)) return random.pick(["", 'a"b\\', "é{}[],:", 1.5, -3, true, null]);
    if (random.chance(0.4)) return Array.from({ length: random.integer(0, 3) }, () => value(depth - 1));
    const names = ["metadata", "resourceVersion", "a", 'q"{', "z"].filter(() => random.chance(0.5));
    return Object.fromEntries(names.map((name) => [name, value(depth - 1)]));
  };
  for (let round = 0; round < 500; round++) {
    const metadata = {
      ...(value(2) as object),
      resourceVersion: "7",
      ...(random.chance(0.5) ? { last: value(2) } : {}),
    };
    const object = { before: value(3), metadata, after: value(3) };
    const text = JSON.stringify(object, null, random.integer(0, 2));
    const bytes = Buffer.from(text);
    const { start, end } = metadataRange(bytes);
    expect(JSON.parse(bytes.toString("utf8", start, end))).toEqual(metadata);
    expect(JSON.parse(changed(text, "123"))).toEqual({ ...object, metadata: { ...metadata, resourceVersion: "123" } });
  }
});
