import type { Check } from "../check.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { failed, ok } from "../finding.ts";
import { bindCommand } from "../grant-command.ts";

const NEEDED = [
  { group: "authentication.k8s.io", resource: "tokenreviews" },
  { group: "authorization.k8s.io", resource: "subjectaccessreviews" },
] as const;

/** Whether the user may ask who readers are and what they may read, as `--auth tokenreview` does. */
export function tokenReviewsCheck(facts: ClusterFacts): Check {
  return {
    name: "token reviews",
    after: ["API server"],
    async run(signal) {
      const { reviews } = facts;
      const allowed = await Promise.all(
        NEEDED.map(async ({ group, resource }) => {
          const where = { type: "resource", version: "v1", namespace: "", subresource: "", name: "" } as const;
          return (await reviews.reviewOwnAccess({ ...where, verb: "create", group, resource }, { signal })).allowed;
        }),
      );
      const missing = NEEDED.filter((_, index) => allowed[index] !== true).map(({ resource }) => resource);
      if (missing.length === 0) return [ok(`may create ${NEEDED.map(({ resource }) => resource).join(", ")}`)];
      const mend = bindCommand("krm-auth-delegator", "system:auth-delegator", (await facts.identity({ signal }))?.user);
      return [failed(`may not create ${missing.join(", ")}: every reader would get 503`, mend)];
    },
  };
}
