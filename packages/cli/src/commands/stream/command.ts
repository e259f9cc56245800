import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { clusterFlags, type ClusterOptions } from "../../options/cluster-flags.ts";
import { checkRole, roleCommand, type RoleCommandOptions } from "../../roles/role-command.ts";
import { endsWell } from "../../until-ended.ts";

/** What `krm stream` was told. */
export interface StreamOptions extends RoleCommandOptions, ClusterOptions {}

const NOTE = `The kubeconfig is --kubeconfig, else that of KUBECONFIG, else ~/.kube/config, else the pod's service account. Rights
needed: list and watch. Of Secrets, no content is taken.

Examples:
  krm stream pods --store redis://127.0.0.1:6379
  krm stream deployments.apps -n team-a -n team-b --store redis://127.0.0.1:6379
  KRM_STORE='rediss+sentinel://s1,s2,s3/main?user=krm&passwordFile=/etc/krm/password' krm stream pods --in-cluster`;

/** Adds `krm stream`. */
export function addStream(program: Command, io: CliIo): void {
  const command = roleCommand(
    program,
    {
      name: "stream",
      summary: "one role of three: list and watch one resource",
      description:
        "Lists and watches one resource, and writes what the API server tells into a store, where krm merge takes it up.",
      note: NOTE,
    },
    clusterFlags(),
  );
  command.action(async (resource: string, options: StreamOptions) => {
    checkRole("stream", resource, options.store);
    const { runStream } = await import("./run-stream.ts");
    await endsWell(runStream(resource, options, io), io.signal);
  });
}
