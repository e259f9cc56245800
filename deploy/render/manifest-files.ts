import { join } from "node:path";
import { documents, type ManifestDocument } from "./documents.ts";
import { helmTemplate } from "./helm-template.ts";
import { withoutHelm } from "./without-helm.ts";

/** The shapes of the chart, each an overlay. */
export const SHAPES = ["all-in-one", "standard", "ha"] as const;

/** One of {@link SHAPES}. */
export type Shape = (typeof SHAPES)[number];

const HEADER = "# Made by `npm run manifests` from deploy/helm/krm: change it there.\n";

const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata:
  name: krm
  labels:
    # Every pod of KRM can be run so.
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
    pod-security.kubernetes.io/audit: restricted`;

/** What the chart renders for an overlay of deploy/manifests, without Helm's own marks. */
export async function renderShape(helm: string, deploy: string, shape: Shape): Promise<readonly ManifestDocument[]> {
  const rendered = await helmTemplate({
    helm,
    chart: join(deploy, "helm", "krm"),
    valueFiles: [join(deploy, "manifests", "values", `${shape}.yaml`)],
  });
  return documents(rendered).map(withoutHelm);
}

/**
 * The files of deploy/manifests, by their paths in it: `base` has what every shape has, word for word, and a namespace
 * for it; an overlay has the rest of its shape, one file for each component.
 */
export async function manifestFiles(helm: string, deploy: string): Promise<ReadonlyMap<string, string>> {
  const shapes = await Promise.all(
    SHAPES.map(async (shape) => ({ shape, found: await renderShape(helm, deploy, shape) })),
  );
  const [first, ...others] = shapes.map(({ found }) => found);
  const common = (first ?? []).filter(({ text }) =>
    others.every((found) => found.some((other) => other.text === text)),
  );
  const texts = new Set(common.map(({ text }) => text));
  const files = new Map<string, string>();
  const base = new Map([["namespace.yaml", [NAMESPACE]], ...byFile(common)]);
  add(files, "base", base, kustomization([...base.keys()]));
  for (const { shape, found } of shapes) {
    const own = byFile(found.filter(({ text }) => !texts.has(text)));
    add(files, join("overlays", shape), own, kustomization(["../../base", ...own.keys()], IMAGES));
  }
  return files;
}

const IMAGES = `# Set these to where your image is.
images:
  - name: registry.example.invalid/krm
    newName: registry.example.invalid/krm
`;

function kustomization(resources: readonly string[], more = ""): string {
  const list = resources.map((resource) => `  - ${resource}\n`).join("");
  return `${HEADER}apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: krm
resources:
${list}${more}`;
}

function add(
  files: Map<string, string>,
  folder: string,
  texts: ReadonlyMap<string, readonly string[]>,
  kustomizationText: string,
): void {
  for (const [name, parts] of texts) files.set(join(folder, name), `${HEADER}${parts.join("\n---\n")}\n`);
  files.set(join(folder, "kustomization.yaml"), kustomizationText);
}

/** The texts by the file in which they belong, files and objects in the order in which Helm has them. */
function byFile(found: readonly ManifestDocument[]): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const document of found) {
    const name = fileOf(document);
    files.set(name, [...(files.get(name) ?? []), document.text]);
  }
  return new Map([...files].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function fileOf({ object }: ManifestDocument): string {
  if (object.kind === "NetworkPolicy") return "network-policies.yaml";
  const { "app.kubernetes.io/component": component = "krm", "krm/resource": resource } = object.metadata.labels ?? {};
  return `${resource === undefined ? component : `${component}-${resource}`}.yaml`;
}
