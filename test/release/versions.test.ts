import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { chartWithVersion, imageTags, isAtLeast, npmTag, publishingOrder } from "../../scripts/release/versions.ts";

describe("the chart's version", () => {
  const chart = readFileSync(new URL("../../deploy/helm/krm/Chart.yaml", import.meta.url), "utf8");

  it("is set in both places, and nothing else changes", () => {
    const made = chartWithVersion(chart, "1.2.3-rc.1");
    expect(parse(made)).toEqual({ ...(parse(chart) as object), version: "1.2.3-rc.1", appVersion: "1.2.3-rc.1" });
    expect(made.split("\n").length).toBe(chart.split("\n").length);
  });

  it("is not set in what is no chart", () => {
    expect(() => chartWithVersion("name: krm\nversion: 1.0.0\n", "1.2.3")).toThrow(/no line "appVersion: …"/);
  });
});

describe("the tags of an image", () => {
  it.each([
    ["1.2.3", ["1.2.3", "1.2", "1", "latest"]],
    ["0.4.0", ["0.4.0", "0.4", "latest"]],
    ["2.0.0-rc.1", ["2.0.0-rc.1"]],
  ])("of %s", (version, tags) => {
    expect(imageTags(version)).toEqual(tags);
  });

  it("are not made of what is no version", () => {
    expect(() => imageTags("v1.2.3")).toThrow(/v1\.2\.3 is no version such as/);
  });

  it.each([
    ["1.2.3", ["1.2.3", "1.2.2", "1.1.9"], ["1.2.3", "1.2", "1", "latest"]],
    ["1.2.3", ["1.10.0"], ["1.2.3", "1.2"]],
    ["1.2.3", ["1.2.4"], ["1.2.3"]],
    ["1.2.3", ["2.0.0"], ["1.2.3", "1.2", "1"]],
    ["1.2.3", ["2.0.0-rc.1", "", "isual"], ["1.2.3", "1.2", "1", "latest"]],
  ])("of %s are not taken back from what is newer: %j", (version, released, tags) => {
    expect(imageTags(version, released)).toEqual(tags);
  });
});

describe("the tag on npm", () => {
  it("is named for a pre-release, and left to npm for a release, which guards `latest`", () => {
    expect(npmTag("1.0.0-rc.1")).toBe("next");
    expect(npmTag("1.0.0")).toBeUndefined();
  });

  it("is not made of what is no version", () => {
    expect(() => npmTag("next")).toThrow("next is no version");
  });
});

describe("a version that is needed", () => {
  it.each([
    ["11.5.1", true],
    ["11.19.1", true],
    ["12.0.0-pre.0", true],
    ["11.5.0", false],
    ["10.9.3", false],
  ])("is there, or not: 11.5.1 by %s", (version, enough) => {
    expect(isAtLeast(version, "11.5.1")).toBe(enough);
  });
});

describe("the order of publishing", () => {
  it("puts each package behind those that it needs, whatever the order before", () => {
    const packages = [
      { name: "cli", needs: ["server", "core", "commander"] },
      { name: "server", needs: ["core"] },
      { name: "core", needs: [] },
    ];
    expect(publishingOrder(packages).map(({ name }) => name)).toEqual(["core", "server", "cli"]);
  });

  it("is refused where there is none", () => {
    const packages = [
      { name: "a", needs: ["b"] },
      { name: "b", needs: ["a"] },
    ];
    expect(() => publishingOrder(packages)).toThrow("a needs b needs a: a circle");
  });
});
