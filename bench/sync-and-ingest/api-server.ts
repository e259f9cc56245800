import { PODS } from "@krm/core";
import { generateCluster, SimApiServer, SimCluster } from "@krm/testkit";
import type { Answer, Command } from "./messages.ts";

// The simulated API server over HTTPS, in a process of its own: its cost is nobody's here.
const pods = Number(process.argv[2]);
const cluster = new SimCluster();
generateCluster(cluster, { pods, seed: 1 });
const server = new SimApiServer({ cluster });
await server.listen();

const names = cluster
  .list(PODS)
  .items.map(({ metadata }) => ({ namespace: metadata.namespace ?? "", name: metadata.name }));
let turn = 0;

process.on("message", (command: Command) => {
  if (command.type !== "change") return;
  for (let i = 0; i < command.events; i++) {
    const { namespace, name } = names[turn % names.length] as (typeof names)[number];
    cluster.patch(PODS, namespace, name, { metadata: { annotations: { turn: String(turn) } } });
    turn++;
  }
  process.send?.({ type: "changed" } satisfies Answer);
});

const bytes = JSON.stringify(cluster.list(PODS).items).length;
process.send?.({ type: "ready", kubeconfig: server.kubeconfig(), bytes } satisfies Answer);
