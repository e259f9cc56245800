import type { AuthChoice } from "../options/auth.ts";
import { type Purpose, READING_VERBS } from "./purpose.ts";

/** Whether what is checked for talks to the cluster at all. */
export function asksCluster(options: {
  readonly for: Purpose;
  readonly auth?: AuthChoice | undefined;
  readonly forwardUncached?: boolean | undefined;
}): boolean {
  const { auth, forwardUncached = false } = options;
  return READING_VERBS[options.for].length > 0 || auth?.type === "tokenreview" || forwardUncached;
}
