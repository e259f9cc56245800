import { KrmClientError } from "./error.ts";
import { KINDS, type KubernetesLists, type KubernetesObjects } from "./kubernetes-kinds.ts";

/**
 * Makes the list of @kubernetes/client-node out of its JSON: dates are `Date`s, names are client-node's (`_continue`).
 * Fields that client-node's version does not know are dropped, as it drops them. That package is loaded on first use.
 *
 * @throws KrmClientError `KRM_CLIENT_MISSING_PEER`
 */
export async function toKubernetesList<Resource extends keyof KubernetesLists>(
  resource: Resource,
  body: unknown,
): Promise<KubernetesLists[Resource]> {
  return (await serializer()).deserialize(body, `${KINDS[resource].type}List`, "") as KubernetesLists[Resource];
}

/** Loads what makes objects of client-node out of their JSON, as {@link toKubernetesList} does. @throws KrmClientError `KRM_CLIENT_MISSING_PEER` */
export async function kubernetesReader<Resource extends keyof KubernetesObjects>(
  resource: Resource,
): Promise<(json: object) => KubernetesObjects[Resource]> {
  const loaded = await serializer();
  return (json) => loaded.deserialize(json, KINDS[resource].type, "") as KubernetesObjects[Resource];
}

interface Serializer {
  deserialize(data: unknown, type: string, format: string): unknown;
}

/** client-node's own way from JSON to its classes. Its index does not name it; alone it loads far faster than the whole. */
async function serializer(): Promise<Serializer> {
  try {
    const { ObjectSerializer } = await import("@kubernetes/client-node/dist/gen/models/ObjectSerializer.js");
    return ObjectSerializer;
  } catch (cause) {
    throw new KrmClientError("KRM_CLIENT_MISSING_PEER", "@kubernetes/client-node cannot be loaded", {
      hint: 'run `npm install @kubernetes/client-node@2`, or ask with { as: "json" }',
      cause,
    });
  }
}
