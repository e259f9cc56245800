import { goYaml } from "@krm/apimachinery";
import { describe, expect, it } from "vitest";
import { versionIn } from "../src/browser/object/version-in.ts";

describe("the version of an object, in its YAML", () => {
  it.each([
    [{ kind: "Pod", metadata: { name: "p", resourceVersion: "12" } }, "12"],
    [{ data: { resourceVersion: "1" }, kind: "ConfigMap", metadata: { name: "c", resourceVersion: "12" } }, "12"],
    [
      {
        a: "x\nresourceVersion: 1\nmetadata:\n  resourceVersion: 1\n",
        metadata: { annotations: { note: "one\n\nresourceVersion: 2\n", resourceVersion: "3" }, resourceVersion: "12" },
      },
      "12",
    ],
    [{ metadata: { name: "bare" }, spec: { resourceVersion: "5" } }, ""],
    [{ kind: "Pod" }, ""],
  ])("of %j is %j", (object, version) => {
    expect(versionIn(goYaml(object))).toBe(version);
  });
});
