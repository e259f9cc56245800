import { durationBetween } from "./duration.ts";
import { type Flag, flag } from "./flag.ts";
import { parseNamespace } from "./names.ts";
import { ParseError } from "./parse-error.ts";

/** Which Lease. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** What is written, so that it can be measured when a watch tells of it. */
export interface CanaryFlagOptions {
  /** Milliseconds between two writes; undefined: nothing is written. */
  readonly canary?: number;
  readonly canaryLease: LeaseName;
}

const LEASE: LeaseName = { namespace: "default", name: "krm-canary" };
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** `--canary`, `--canary-lease` */
export function canaryFlags(): readonly Flag[] {
  return [
    flag(
      "--canary <TIME>",
      "write a Lease of our own every TIME, and measure until the watch tells of it (default: never)",
      {
        parse: durationBetween({ min: 1000, max: 3_600_000 }),
      },
    ),
    flag("--canary-lease <NAMESPACE/NAME>", "which Lease: nobody else may write it; created where it is missing", {
      parse: parseLeaseName,
      default: LEASE,
      shown: `${LEASE.namespace}/${LEASE.name}`,
    }),
  ];
}

function parseLeaseName(text: string): LeaseName {
  const [namespace = "", name = "", ...more] = text.split("/");
  if (more.length > 0 || !NAME.test(name)) throw new ParseError(`${JSON.stringify(text)} is not NAMESPACE/NAME`);
  return { namespace: parseNamespace(namespace), name };
}
