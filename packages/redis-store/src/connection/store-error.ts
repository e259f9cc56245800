import { KrmError } from "@krm/core";
import { causes, explain } from "./error-meaning.ts";
import { describeTarget, type RedisTarget } from "./redis-target.ts";
import { SentinelFailure } from "./sentinel-failure.ts";

/**
 * An error of the client, the network or the server as a `KRM_STORE_FAILED` that says in one sentence which server and
 * what happened, with a hint where something can be done. A KrmError stays what it is. The cause is kept, but not the
 * arguments of the command (a password, an object), which ioredis leaves in it.
 */
export function storeError(error: unknown, target: RedisTarget): KrmError {
  if (KrmError.is(error)) return error;
  const chain = causes(error);
  for (const link of chain) forgetArguments(link);
  const sentinel = chain.find((link) => link instanceof SentinelFailure)?.sentinel;
  const { meaning, words } = explain(error, target, sentinel !== undefined);
  const who = describeTarget(target) + (sentinel === undefined ? "" : `: Sentinel ${sentinel}`);
  return new KrmError("KRM_STORE_FAILED", `${who}: ${meaning === undefined ? words : `${meaning.what} (${words})`}`, {
    cause: error,
    hint: meaning?.hint,
  });
}

/** How much an error tells of why there is no connection. `refused`: waiting will not help, somebody must act. */
export function weightOf(error: unknown, target: RedisTarget): "refused" | "passing" | "vague" {
  if (KrmError.is(error)) return "refused";
  return explain(error, target, false).meaning?.weight ?? "passing";
}

function forgetArguments(error: Error): void {
  const { command } = error as { command?: { name?: unknown } };
  if (command !== undefined) Object.assign(error, { command: { name: command.name } });
}
