import { PODS } from "@krm/core";
import { CONFIG_MAPS, type SeededRandom, type SimCluster } from "@krm/testkit";
import { pod } from "../roles/support.ts";

/** Names come again and again, so that many objects are deleted and made anew. */
const NAMES = 12;

/** Lets one thing happen in a cluster, by seed. */
export function change(cluster: SimCluster, random: SeededRandom, namespaces: readonly string[] = ["team-a"]): void {
  const namespace = random.pick(namespaces);
  const name = `p${random.integer(0, NAMES - 1)}`;
  const dice = random.integer(0, 9);
  // Versions count the writes to other resources too.
  if (dice === 0) {
    elsewhere(cluster);
    return;
  }
  if (cluster.get(PODS, namespace, name) === undefined) {
    pod(cluster, name, namespace);
    return;
  }
  if (dice <= 5) touch(cluster, name, namespace);
  else cluster.delete(PODS, namespace, name);
  if (dice >= 8) pod(cluster, name, namespace);
}

let serial = 0;

/** Changes a pod. */
export function touch(cluster: SimCluster, name: string, namespace = "team-a"): void {
  cluster.patch(PODS, namespace, name, { metadata: { labels: { at: String(serial++) } } });
}

/** Writes to another resource: the version of pods moves, and no pod does. */
export function elsewhere(cluster: SimCluster): void {
  const name = "elsewhere";
  const data = { at: String(serial++) };
  if (cluster.get(CONFIG_MAPS, "default", name) === undefined)
    cluster.create(CONFIG_MAPS, { metadata: { name }, data }, { namespace: "default" });
  else cluster.patch(CONFIG_MAPS, "default", name, { data });
}
