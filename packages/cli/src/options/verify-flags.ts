import { durationBetween } from "./duration.ts";
import { type Flag, flag } from "./flag.ts";
import { wholeNumber } from "./number.ts";

/** How often the cluster is verified, and at what cost to it. */
export interface VerifyFlagOptions {
  /** Milliseconds. */
  readonly verifyEvery: number;
  /** Requests an hour and resource. */
  readonly verifyBudget: number;
}

/** `--verify-every`, `--verify-budget` */
export function verifyFlags(): readonly Flag[] {
  return [
    flag("--verify-every <TIME>", "how often each resource is verified, on average", {
      parse: durationBetween({ min: 1000 }),
      default: 300_000,
      shown: "5m",
    }),
    flag("--verify-budget <N>", "requests an hour and resource that verifying may make, on average", {
      parse: wholeNumber({ min: 1, max: 1_000_000 }),
      default: 600,
    }),
  ];
}
