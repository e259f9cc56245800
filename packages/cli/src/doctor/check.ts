import type { Finding } from "./finding.ts";

/** One thing that is looked at, on its own. */
export interface Check {
  /** A word or two, as the table has it. */
  readonly name: string;
  /** Names of checks without which this one would tell nothing: where one of them failed, it is skipped. */
  readonly after: readonly string[];
  /** What it throws is a failure. It need not keep to any time limit. */
  readonly run: (signal: AbortSignal) => Promise<readonly Finding[]>;
}

/** What a check came to. */
export interface CheckReport {
  readonly name: string;
  readonly findings: readonly Finding[];
}
