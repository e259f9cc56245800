import { setImmediate as nextTurn } from "node:timers/promises";
import { apiVersionOf, DEPLOYMENTS, PODS, type ResourceType, type Scope, type Store } from "@krm/core";
import { NAMESPACES, type SimCluster, type SimObject } from "@krm/testkit";

/** Lets the event loop turn until `met`; fails loudly when it never is. No time passes on a manual clock. */
export async function until(met: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let turns = 0; turns < 20_000; turns++) {
    if (await met()) return;
    await nextTurn();
  }
  throw new Error(`it never came to this: ${what}`);
}

/** Lets everything that can go on without time passing go on. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await nextTurn();
}

/** Makes the namespaces that the tests write to. */
export function withNamespaces(cluster: SimCluster, ...names: string[]): SimCluster {
  for (const name of names)
    if (cluster.get(NAMESPACES, "", name) === undefined) cluster.create(NAMESPACES, { metadata: { name } });
  return cluster;
}

/** A small pod. */
export function pod(
  cluster: SimCluster,
  name: string,
  namespace = "team-a",
  labels: Record<string, string> = {},
): SimObject {
  return cluster.create(
    PODS,
    { metadata: { name, namespace, labels }, spec: { containers: [{ name: "c", image: "registry.example/c:1" }] } },
    { namespace },
  );
}

/** A small deployment. */
export function deployment(cluster: SimCluster, name: string, namespace = "team-a"): SimObject {
  const template = {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: "c", image: "registry.example/c:1" }] },
  };
  const spec = { selector: { matchLabels: { app: name } }, template };
  return cluster.create(DEPLOYMENTS, { metadata: { name, namespace }, spec }, { namespace });
}

/** The cluster's objects as a reader must get them (law 9): key → JSON text. */
export function truth(cluster: SimCluster, resource: ResourceType, namespace?: string): Record<string, string> {
  const { items } = cluster.list(resource, { namespace });
  return Object.fromEntries(
    items.map((item) => {
      const { kind, apiVersion, ...body } = structuredClone(item);
      if (kind !== resource.kind || apiVersion !== apiVersionOf(resource))
        throw new Error(`a ${kind} among ${resource.resource}`);
      delete body.metadata.managedFields;
      delete body.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"];
      return [`${item.metadata.namespace ?? ""}/${item.metadata.name}`, JSON.stringify(body)];
    }),
  );
}

/** What a store's reader gets: key → JSON text. */
export async function view(store: Store, scope: Scope): Promise<Record<string, string>> {
  const { objects } = await store.scope(scope).read();
  return Object.fromEntries(
    objects.map((object) => [`${object.namespace}/${object.name}`, Buffer.from(object.bytes).toString("utf8")]),
  );
}
