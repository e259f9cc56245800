import { DEFAULT_RESOURCES, NODES, PODS, type ResourceType, SERVICES } from "@krm/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeFieldValue, parseFieldSelector, selectableFields, supportedFields } from "../src/index.ts";
import { refusalOf } from "./refusal-of.ts";
import { SEED } from "./seed.ts";

const podField = fc.constantFrom(...supportedFields(PODS));
const term = fc.record({
  field: podField,
  operator: fc.constantFrom("=", "==", "!="),
  value: fc.string({ unit: "grapheme", maxLength: 8 }),
});

describe("properties", () => {
  test("matching agrees with a comparison of every field, whatever stands in the values", () => {
    fc.assert(
      fc.property(
        fc.array(term, { maxLength: 4 }),
        fc.dictionary(podField, fc.string({ maxLength: 8 })),
        (terms, values) => {
          // Half of the fields hold just what is asked for: chance alone would hardly ever match.
          const fields: Record<string, string> = { ...values };
          for (const [index, { field, value }] of terms.entries()) if (index % 2 === 0) fields[field] = value;
          const text = terms
            .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
            .join(",");
          const selector = parseFieldSelector(text, PODS);
          const expected = terms.every(
            ({ field, operator, value }) => ((fields[field] ?? "") === value) === (operator !== "!="),
          );
          expect(selector.matches(fields)).toBe(expected);
          expect(parseFieldSelector(selector.toString(), PODS).requirements).toEqual(selector.requirements);
        },
      ),
      { seed: SEED },
    );
  });

  test("any text is either a selector, or a 400 with a message", () => {
    const pieces = fc.array(
      fc.constantFrom("metadata.name", "spec.nodeName", "=", "==", "!=", "!", ",", "\\", "x", "\0"),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          pieces.map((parts) => parts.join("")),
        ),
        (text) => {
          const refused = refusalOf(() => parseFieldSelector(text, PODS).matches({}));
          expect(refused?.status.code ?? 400).toBe(400);
        },
      ),
      { seed: SEED, numRuns: 1000 },
    );
  });

  test("an object of any shape has a text for every supported field", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DEFAULT_RESOURCES),
        fc.object({ key: fc.constantFrom("metadata", "spec", "status", "name") }),
        (resource, object) => {
          const fields = selectableFields(resource, object);
          expect(Object.keys(fields)).toEqual(supportedFields(resource));
          for (const value of Object.values(fields)) expect(value).toBeTypeOf("string");
        },
      ),
      { seed: SEED },
    );
  });
});

describe("what each kind offers", () => {
  test("a pod that says nothing has Kubernetes' defaults", () => {
    expect(selectableFields(PODS, {})).toEqual({
      "metadata.name": "",
      "metadata.namespace": "",
      "spec.nodeName": "",
      "spec.restartPolicy": "",
      "spec.schedulerName": "",
      "spec.serviceAccountName": "",
      "spec.hostNetwork": "false",
      "status.phase": "",
      "status.podIP": "",
      "status.podIPs": "",
      "status.nominatedNodeName": "",
    });
  });

  test("an unset flag is false, an unset number 0", () => {
    expect(selectableFields(NODES, { metadata: { name: "n" } })).toEqual({
      "metadata.name": "n",
      "spec.unschedulable": "false",
    });
    const jobs: ResourceType = { ...PODS, group: "batch", resource: "jobs", kind: "Job" };
    expect(selectableFields(jobs, {})["status.successful"]).toBe("0");
    expect(selectableFields(jobs, { status: { succeeded: 3 } })["status.successful"]).toBe("3");
  });

  test("an old name of a field still works", () => {
    const selector = parseFieldSelector("spec.host=n1", PODS);
    expect(selector.requirements).toEqual([{ field: "spec.nodeName", operator: "=", value: "n1" }]);
  });

  test("a kind without fields of its own names those it has, a custom one does not", () => {
    const leases: ResourceType = { ...PODS, group: "coordination.k8s.io", resource: "leases", kind: "Lease" };
    expect(() => parseFieldSelector("spec.x=1", leases)).toThrow(
      '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(() => parseFieldSelector("spec.x=1", { ...leases, custom: true })).toThrow(
      "field label not supported: spec.x",
    );
    expect(() => parseFieldSelector("toString=1", SERVICES)).toThrow("field label not supported: toString");
  });

  test.for([
    ["metadata.name=a\\b", "invalid field selector: invalid escape sequence: \\b"],
    ["metadata.name=a\\", "invalid field selector: invalid escape sequence: \\"],
    ["metadata.name=a=b", "invalid field selector: unescaped character in value: 61"],
  ] as const)("%j is refused", ([text, message]) => {
    expect(() => parseFieldSelector(text, PODS)).toThrow(expect.objectContaining({ message }));
  });
});
