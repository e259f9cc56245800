import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { clusterFlags, type ClusterOptions } from "../../options/cluster-flags.ts";
import { verifyFlags, type VerifyFlagOptions } from "../../options/verify-flags.ts";
import { checkRole, roleCommand, type RoleCommandOptions } from "../../roles/role-command.ts";
import { endsWell } from "../../until-ended.ts";

/** What `krm verify` was told. */
export interface VerifyOptions extends RoleCommandOptions, ClusterOptions, VerifyFlagOptions {}

const NOTE = `It begins when the first list of krm stream is merged. The kubeconfig is --kubeconfig, else that of KUBECONFIG, else
~/.kube/config, else the pod's service account. Rights needed: get and list. Of Secrets, no content is taken.

Examples:
  krm verify pods --store redis://127.0.0.1:6379
  krm verify pods --verify-every 1m --store redis://127.0.0.1:6379
  krm verify deployments.apps -n team-a -n team-b --store redis://127.0.0.1:6379`;

/** Adds `krm verify`. */
export function addVerify(program: Command, io: CliIo): void {
  const command = roleCommand(
    program,
    {
      name: "verify",
      summary: "one role of three: list one resource now and then",
      description:
        "Lists one resource now and then, completely, and writes what it finds into a store, where krm merge compares it with what krm stream told.",
      note: NOTE,
    },
    [...clusterFlags(), ...verifyFlags()],
  );
  command.action(async (resource: string, options: VerifyOptions) => {
    checkRole("verify", resource, options.store);
    const { runVerify } = await import("./run-verify.ts");
    await endsWell(runVerify(resource, options, io), io.signal);
  });
}
