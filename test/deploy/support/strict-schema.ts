import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { KubernetesObject } from "../../../deploy/render/kubernetes-object.ts";

type Validate = ((data: unknown) => boolean) & {
  readonly errors:
    | readonly { readonly instancePath: string; readonly message?: string; readonly params: object }[]
    | null;
};

const CORE = "IoK8sApiCoreV1";
const MONITORING = "ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1";

/** Which schema of Kubernetes' OpenAPI a kind has. */
const SCHEMAS: Readonly<Record<string, string>> = {
  "apps/v1": "IoK8sApiAppsV1",
  "autoscaling/v2": "IoK8sApiAutoscalingV2",
  "coordination.k8s.io/v1": "IoK8sApiCoordinationV1",
  "networking.k8s.io/v1": "IoK8sApiNetworkingV1",
  "policy/v1": "IoK8sApiPolicyV1",
  "rbac.authorization.k8s.io/v1": "IoK8sApiRbacV1",
  "monitoring.coreos.com/v1": MONITORING,
  v1: CORE,
};

async function validatorOf({ apiVersion, kind }: KubernetesObject): Promise<Validate> {
  const prefix = SCHEMAS[apiVersion];
  if (prefix === undefined) throw new Error(`no schema is known for ${apiVersion} ${kind}`);
  const from = prefix === MONITORING ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  // Of one of the two packages the schemas are there, but not among its exports.
  const folder = dirname(createRequire(import.meta.url).resolve(`${from}/package.json`));
  const file = pathToFileURL(join(folder, "_schemas", `${prefix}${kind}.js`)).href;
  const { validate } = (await import(/* @vite-ignore */ file)) as { readonly validate: Validate };
  return validate;
}

/**
 * What is wrong with an object by Kubernetes' OpenAPI: wrong types, missing fields, and fields that there are not, which
 * an API server refuses with `fieldValidation=Strict`. The schemas come as functions that look at each field they know;
 * a field that none of them has looked at is unknown.
 */
export async function strictErrors(object: KubernetesObject): Promise<readonly string[]> {
  const validate = await validatorOf(object);
  const unseen: (() => readonly string[])[] = [];
  const ok = validate(watched(object, "", unseen));
  const errors = ok ? [] : (validate.errors ?? []);
  return [
    ...errors.map(({ instancePath, params }) => `${instancePath}: ${JSON.stringify(params)}`),
    ...unseen.flatMap((fields) => fields()),
  ];
}

/** The value as one that notes which of its fields are looked at. */
function watched(value: unknown, path: string, unseen: (() => readonly string[])[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const seen = new Set<string>();
  const below = new Map(Object.entries(value).map(([key, each]) => [key, watched(each, `${path}/${key}`, unseen)]));
  if (Array.isArray(value)) return [...below.values()];
  unseen.push(() => [...below.keys()].filter((key) => !seen.has(key)).map((key) => `${path}/${key}: unknown field`));
  return new Proxy(Object.fromEntries(below), {
    get(target, key) {
      if (typeof key === "string") seen.add(key);
      return Reflect.get(target, key) as unknown;
    },
    // A map: whatever is in it is known.
    ownKeys(target) {
      for (const key of below.keys()) seen.add(key);
      return Reflect.ownKeys(target);
    },
  });
}
