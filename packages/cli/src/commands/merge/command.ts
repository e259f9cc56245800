import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { checkRole, roleCommand, type RoleCommandOptions } from "../../roles/role-command.ts";
import { endsWell } from "../../until-ended.ts";

const NOTE = `It asks no cluster and needs no kubeconfig. pods, deployments, persistentvolumeclaims, services, ingresses and nodes are
known; what another resource is, krm stream and krm verify tell through the store, and until then it waits.

Examples:
  krm merge pods --store redis://127.0.0.1:6379
  krm merge widgets.example.com -n team-a --store redis://127.0.0.1:6379
  krm merge pods --store redis://127.0.0.1:6379 --lease 5s --health-listen 0.0.0.0:8080`;

/** Adds `krm merge`. */
export function addMerge(program: Command, io: CliIo): void {
  const command = roleCommand(
    program,
    {
      name: "merge",
      summary: "one role of three: make the view of one resource",
      description:
        "Merges what krm stream and krm verify write into a store to the view that readers get, and counts and repairs what the stream had missed.",
      note: NOTE,
    },
    [],
  );
  command.action(async (resource: string, options: RoleCommandOptions) => {
    checkRole("merge", resource, options.store);
    const { runMerge } = await import("./run-merge.ts");
    await endsWell(runMerge(resource, options, io), io.signal);
  });
}
