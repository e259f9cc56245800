import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KubernetesObject } from "../../../deploy/render/kubernetes-object.ts";
import { renderedObjects } from "../../../deploy/render/rendered-objects.ts";

/** The folder `deploy`. */
export const DEPLOY = fileURLToPath(new URL("../../../deploy/", import.meta.url));
/** The chart's folder. */
export const CHART = join(DEPLOY, "helm", "krm");
/** Where it runs; undefined: there is none here. */
export const HELM = process.env["KRM_TEST_HELM"];

/** Values as a file of values has them. */
export type Values = Readonly<Record<string, unknown>>;

const rendered = new Map<string, Promise<readonly KubernetesObject[]>>();

/** Everything that the chart renders with these values: once in a test file. */
export async function renderChart(values: Values): Promise<readonly KubernetesObject[]> {
  const key = JSON.stringify(values);
  const before = rendered.get(key);
  if (before !== undefined) return before;
  const made = renderedObjects({ helm: HELM ?? "", chart: CHART }, values);
  rendered.set(key, made);
  return made;
}
