import type { ReadVerb } from "./checks/permissions.ts";

/** Commands that can be checked for. */
export const PURPOSES = ["monitor", "stream", "verify", "merge", "serve", "metrics"] as const;

/** One of {@link PURPOSES}. */
export type Purpose = (typeof PURPOSES)[number];

/** How each command reads the cluster; empty: not at all. */
export const READING_VERBS: Readonly<Record<Purpose, readonly ReadVerb[]>> = {
  monitor: ["get", "list", "watch"],
  stream: ["list", "watch"],
  verify: ["get", "list"],
  merge: [],
  serve: [],
  metrics: [],
};
