import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { objects } from "../../deploy/render/documents.ts";
import { type KubernetesObject, objectId } from "../../deploy/render/kubernetes-object.ts";
import { manifestFiles, renderShape, SHAPES } from "../../deploy/render/manifest-files.ts";
import { DEPLOY, HELM } from "./support/rendered-chart.ts";

const KUBECTL = process.env["KRM_TEST_KUBECTL"];
const FOLDER = join(DEPLOY, "manifests");
const run = promisify(execFile);

describe.skipIf(HELM === undefined)("deploy/manifests", () => {
  let made: ReadonlyMap<string, string>;
  beforeAll(async () => {
    made = await manifestFiles(HELM ?? "", DEPLOY);
  });

  it("is what the chart renders: run npm run manifests", () => {
    const there = ["base", "overlays"].flatMap((folder) =>
      readdirSync(join(FOLDER, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(FOLDER.length + 1)),
    );
    expect(there.toSorted()).toEqual([...made.keys()].toSorted());
    for (const [name, text] of made) expect(readFileSync(join(FOLDER, name), "utf8"), name).toBe(text);
  });

  it("has no password, and nothing that belongs to Helm", () => {
    for (const [name, text] of made) {
      expect(text, name).not.toMatch(/helm\.sh|managed-by/);
      expect(
        objects(text).map(({ kind }) => kind),
        name,
      ).not.toContain("Secret");
    }
  });
});

describe.skipIf(HELM === undefined || KUBECTL === undefined).each(SHAPES)("kubectl kustomize overlays/%s", (shape) => {
  let built: readonly KubernetesObject[];
  beforeAll(async () => {
    const { stdout } = await run(KUBECTL ?? "", ["kustomize", join(FOLDER, "overlays", shape)]);
    built = objects(stdout);
  });

  it("builds what the chart renders for the shape, and the namespace for it", async () => {
    const rendered = (await renderShape(HELM ?? "", DEPLOY, shape)).map(({ object }) => object);
    const byId = (all: readonly KubernetesObject[]): unknown =>
      Object.fromEntries(all.map((object) => [objectId(object), object]));
    expect(byId(built.filter(({ kind }) => kind !== "Namespace"))).toEqual(byId(rendered));
  });

  it("makes a namespace in which nothing but restricted pods run", () => {
    const [namespace, ...more] = built.filter(({ kind }) => kind === "Namespace");
    expect(more).toEqual([]);
    expect(namespace?.metadata).toMatchObject({
      name: "krm",
      labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    });
  });
});
