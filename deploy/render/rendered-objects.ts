import { objects } from "./documents.ts";
import { helmTemplate, type TemplateOptions } from "./helm-template.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { withValuesFile } from "./values-file.ts";

/**
 * Everything that a chart renders with these values, hooks among it, for the release and the namespace `krm`.
 *
 * @throws Error with Helm's own words, such as what a schema refuses.
 */
export async function renderedObjects(
  { helm, chart }: Pick<TemplateOptions, "helm" | "chart">,
  values: object,
): Promise<readonly KubernetesObject[]> {
  return withValuesFile(values, async (file) => objects(await helmTemplate({ helm, chart, valueFiles: [file] })));
}
