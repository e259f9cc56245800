import type { KrmClientError } from "@krm/client";
import { hasCause } from "@krm/protocol";
import { CommanderError } from "commander";
import { EXIT } from "../exit-code.ts";
import { printable } from "../text/printable.ts";
import { connectionMend } from "./connection-mend.ts";
import { CheckFailed } from "./check-failed.ts";
import { UsageError } from "./usage-error.ts";

/** What went wrong, as it is told. */
export interface ToldError {
  readonly exitCode: number;
  /** What and whose fault, in one line. Empty: there is nothing to tell. */
  readonly message: string;
  readonly hint: string | undefined;
}

/** Codes of `KrmError` that mean: the command line was wrong. */
const USAGE_CODES = new Set(["KRM_USAGE", "KRM_UNSAFE_LISTEN"]);

const NOT_KRM = "Check --server: it must name a KRM server, with the path where it is mounted.";

/** Where the mend on a command line is another than in a program. */
const HINTS: Readonly<Record<string, string>> = {
  KRM_CLIENT_INSECURE_TOKEN: "Name the server by https, or add --allow-insecure-token where you trust the network.",
  KRM_CLIENT_NOT_KRM: NOT_KRM,
  KRM_CLIENT_SYNCING: "krm status shows how far it is.",
  KRM_CLIENT_TIMEOUT: "Ask for less, with a selector or a namespace.",
  KRM_CLIENT_TOKEN_FILE: "Check --token-file: it must hold one token and be readable.",
  KRM_CLIENT_UNAUTHORIZED: "Give a token that the server knows, with --token-file FILE.",
  KRM_INVALID_KUBECONFIG: "Mend it, or choose another with --kubeconfig FILE or --context NAME.",
};

/** Turns anything that was thrown into what to tell. `KrmError`s are known by their code, which other libraries' errors lack. */
export function tellError(error: unknown): ToldError {
  if (error instanceof UsageError) return { exitCode: EXIT.usage, message: error.message, hint: error.hint };
  if (error instanceof CheckFailed) return { exitCode: EXIT.failure, message: "", hint: undefined };
  if (error instanceof CommanderError) return tellCommanderError(error);
  if (!(error instanceof Error)) return { exitCode: EXIT.failure, message: String(error), hint: undefined };
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const hint = "hint" in error && typeof error.hint === "string" ? error.hint : undefined;
  if (code.startsWith("KRM_")) {
    const exitCode = USAGE_CODES.has(code) ? EXIT.usage : EXIT.failure;
    if (code === "KRM_CLIENT_CONNECTION") return { exitCode, ...connectionMend(error) };
    return { exitCode, message: error.message, hint: HINTS[code] ?? hint ?? answerMend(error) };
  }
  return {
    exitCode: EXIT.failure,
    message: `unexpected error: ${error.message === "" ? error.name : error.message}`,
    hint: "--log-level debug shows where it comes from.",
  };
}

/** A KRM server tells every error as a `Status`: where there is none, something else has answered. */
function answerMend(error: Error & { readonly code?: unknown }): string | undefined {
  if (typeof error.code !== "string" || !error.code.startsWith("KRM_CLIENT_")) return undefined;
  const { status, body } = error as KrmClientError;
  if (status !== undefined && body === undefined) return NOT_KRM;
  return body !== undefined && hasCause(body, "ViewUnavailable") ? "krm status says why." : undefined;
}

/** The one line on stderr: `krm: <what>: <culprit>. <hint>`. */
export function errorLine({ message, hint }: ToldError): string {
  return `krm: ${sentences(message, hint)}`;
}

/** A message and its hint as one line of text. A hint that the message holds already is left out. */
export function sentences(message: string, hint: string | undefined): string {
  const first = oneLine(message);
  const second = hint === undefined ? "" : oneLine(hint);
  if (second === "" || first.includes(second)) return first;
  return `${first}${/[.!?]$/.test(first) ? "" : "."} ${second.charAt(0).toUpperCase()}${second.slice(1)}`;
}

function oneLine(text: string): string {
  return printable(text.trim().replaceAll(/\s*\n\s*/g, " "));
}

/** Help and version that were asked for end well; everything else of commander's is a wrong command line. */
function tellCommanderError(error: CommanderError): ToldError {
  if (error.exitCode === 0) return { exitCode: EXIT.ok, message: "", hint: undefined };
  // `krm` alone: the help is the answer.
  if (error.code === "commander.help") return { exitCode: EXIT.usage, message: "", hint: undefined };
  // It repeats words of the command line, and a URL with its password may have landed in the wrong place.
  const text = error.message.replaceAll(/:\/\/[^\s'"]*@/g, "://[redacted]@");
  const [what = "", ...rest] = text.replace(/^error: /, "").split("\n");
  const suggestion = rest
    .join(" ")
    .trim()
    .replace(/^\((.*)\)$/, "$1");
  const hint = suggestion === "" ? "--help shows what there is." : suggestion;
  return { exitCode: EXIT.usage, message: what, hint };
}
