import { LEASES } from "@krm/core";
import type { LeaseName } from "../../options/canary-flags.ts";
import { shellWord } from "../../text/shell-word.ts";
import type { Check } from "../check.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { failed, type Finding, ok, warning } from "../finding.ts";
import { grantCommand } from "../grant-command.ts";

/** Whether the canary's Lease is there and may be written, or made. */
export function canaryCheck(facts: ClusterFacts, lease: LeaseName): Check {
  return {
    name: "canary",
    after: ["API server"],
    async run(signal) {
      const { reviews, source } = facts;
      const may = async (verb: string, name: string): Promise<boolean> => {
        const { group, version, resource } = LEASES;
        const what = { type: "resource", group, version, resource, namespace: lease.namespace } as const;
        return (await reviews.reviewOwnAccess({ ...what, verb, subresource: "", name }, { signal })).allowed;
      };
      const listWatch = source.listWatch({ resource: LEASES, namespace: lease.namespace });
      const [mayPatch, mayCreate, mayGet] = await Promise.all([
        may("patch", lease.name),
        may("create", ""),
        may("get", lease.name),
      ]);
      const there = mayGet ? (await listWatch.get(lease, { signal })) !== undefined : undefined;
      return [judgeCanary(lease, { mayPatch, mayCreate, there }, (await facts.identity({ signal }))?.user)];
    },
  };
}

/** What is known of a Lease; `there` undefined: it may not be read. */
export interface CanaryFacts {
  readonly mayPatch: boolean;
  readonly mayCreate: boolean;
  readonly there: boolean | undefined;
}

/** Pure. */
export function judgeCanary(
  { namespace, name }: LeaseName,
  { mayPatch, mayCreate, there }: CanaryFacts,
  user: string | undefined,
): Finding {
  const subject = `${namespace}/${name}`;
  if (!mayPatch) {
    const verbs = ["get", "patch"];
    return failed("may not patch the Lease", grantCommand({ resource: LEASES, namespace, verbs, name, user }), subject);
  }
  if (there === true) return ok("the Lease is there, and may be patched", subject);
  if (mayCreate) return ok("the Lease may be created and patched", subject);
  const mend = `Make it once: kubectl create -f - <<< ${shellWord(manifest(namespace, name))}`;
  if (there === false) return failed("the Lease is not there, and may not be created", mend, subject);
  return warning("the Lease may be patched, but not created where it is missing", mend, subject);
}

function manifest(namespace: string, name: string): string {
  return JSON.stringify({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name } });
}
