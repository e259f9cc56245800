import { KrmError } from "@krm/core";
import { UsageError } from "../errors/usage-error.ts";
import { withoutLogins } from "../text/without-logins.ts";

/** How something was found, from the best to the worst; `skipped` was not looked at, for want of something before it. */
export type Result = "ok" | "skipped" | "warning" | "failed";

/** What was found of one thing. */
export interface Finding {
  readonly result: Result;
  /** Of what, where a check looks at several things. */
  readonly subject?: string | undefined;
  /** One line. */
  readonly found: string;
  /** What to do, in one line; there wherever the result is a warning or a failure. */
  readonly mend?: string | undefined;
}

/** Something that is as it should be. */
export function ok(found: string, subject?: string): Finding {
  return { result: "ok", subject, found };
}

/** Something that works, and may not for long, or not as well as it could. */
export function warning(found: string, mend: string, subject?: string): Finding {
  return { result: "warning", subject, found, mend };
}

/** Something without which KRM does not work. */
export function failed(found: string, mend: string, subject?: string): Finding {
  return { result: "failed", subject, found, mend };
}

const UNKNOWN_MEND = "See what the message says; krm doctor --log-level debug shows where it comes from.";

/** A failure that was thrown. A hint becomes the mend. */
export function failedBy(error: unknown, mend: string = UNKNOWN_MEND, subject?: string): Finding {
  const { message, hint } = told(error);
  return failed(withoutLogins(message), hint === undefined ? mend : sentence(withoutLogins(hint)), subject);
}

function told(error: unknown): { readonly message: string; readonly hint: string | undefined } {
  if (KrmError.is(error) || error instanceof UsageError) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error), hint: undefined };
}

/** Hints of the libraries begin in lower case. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

const WORST: readonly Result[] = ["ok", "skipped", "warning", "failed"];

/** The worst of some. */
export function worstOf(findings: readonly Pick<Finding, "result">[]): Result {
  const worst = Math.max(0, ...findings.map(({ result }) => WORST.indexOf(result)));
  return WORST[worst] ?? "ok";
}
