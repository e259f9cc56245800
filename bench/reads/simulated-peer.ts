import { PODS, resourceId } from "@krm/core";
import { SIM_RESOURCES, SimApiServer, SimCluster } from "@krm/testkit";
import { type Answer, serveMeasure } from "./messages.ts";
import { BenchPods } from "./pods.ts";

// The simulated API server with the same pods, in a process of its own: what KRM's answers are compared with.
const pods = new BenchPods(Number(process.argv[2]));
const cluster = new SimCluster({
  resources: SIM_RESOURCES.filter((resource) => resourceId(resource) === resourceId(PODS)),
});
const names = Array.from({ length: pods.count }, (_, index) => {
  const pod = pods.at(index);
  const { namespace = "", name } = pod.metadata;
  const metadata = { ...pod.metadata, resourceVersion: undefined, uid: undefined };
  const created = cluster.create(PODS, { ...pod, metadata }, { namespace });
  cluster.update(PODS, namespace, name, { ...created, status: pod["status"] }, { subresource: "status" });
  return { namespace, name };
});
const server = new SimApiServer({ cluster });
const { url } = await server.listen();

let turn = 0;
serveMeasure(async () => {
  turn = (turn + 7919) % pods.count;
  const { namespace, name } = names[turn] as (typeof names)[number];
  cluster.patch(PODS, namespace, name, { metadata: { annotations: { turn: String(turn) } } });
});
process.send?.({
  type: "ready",
  url,
  token: server.users.get("admin")?.token,
  ca: server.ca,
  objects: pods.count,
  bytes: JSON.stringify(cluster.list(PODS).items).length,
} satisfies Answer);
