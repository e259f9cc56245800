import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { objects } from "../../../deploy/render/documents.ts";
import { helmTemplate } from "../../../deploy/render/helm-template.ts";
import type { KubernetesObject } from "../../../deploy/render/kubernetes-object.ts";

/** The folder `deploy`. */
export const DEPLOY = fileURLToPath(new URL("../../../deploy/", import.meta.url));
/** The chart's folder. */
export const CHART = join(DEPLOY, "helm", "krm");
/** Where it runs; undefined: there is none here. */
export const HELM = process.env["KRM_TEST_HELM"];

/** Values as a file of values has them. */
export type Values = Readonly<Record<string, unknown>>;

/** Calls `use` with a file of these values, which is gone afterwards. */
export async function withValuesFile<T>(values: Values, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "krm-values-"));
  try {
    const file = join(folder, "values.yaml");
    await writeFile(file, stringify(values));
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const rendered = new Map<string, Promise<readonly KubernetesObject[]>>();

/** Everything that the chart renders with these values: once in a test file. */
export async function renderChart(values: Values): Promise<readonly KubernetesObject[]> {
  const key = JSON.stringify(values);
  const before = rendered.get(key);
  if (before !== undefined) return before;
  const made = withValuesFile(values, async (file) =>
    objects(await helmTemplate({ helm: HELM ?? "", chart: CHART, valueFiles: [file] })),
  );
  rendered.set(key, made);
  return made;
}
