import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { objects } from "../../../deploy/render/documents.ts";
import { helmTemplate } from "../../../deploy/render/helm-template.ts";
import type { KubernetesObject } from "../../../deploy/render/kubernetes-object.ts";

const chart = fileURLToPath(new URL("../../../deploy/helm/krm", import.meta.url));

/** What Helm makes of the chart with these values, for the release and the namespace `krm`, without its hooks. */
export async function renderChart(helm: string, values: object): Promise<readonly KubernetesObject[]> {
  const folder = await mkdtemp(join(tmpdir(), "krm-helm-"));
  try {
    const file = join(folder, "values.json");
    await writeFile(file, JSON.stringify(values), { mode: 0o600 });
    const rendered = objects(await helmTemplate({ helm, chart, valueFiles: [file] }));
    return rendered.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
