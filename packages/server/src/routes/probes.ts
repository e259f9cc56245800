import { scopeId, type ScopeStatus } from "@krm/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { errorStatus } from "../answer/error-status.ts";
import { sendText } from "../answer/send.ts";
import { readQuery } from "../request/query-string.ts";
import { sourceTrouble } from "../view/source-state.ts";
import { scopeStatuses, type StatusContext } from "./status.ts";

/** Answers `/livez`: this process can answer. */
export function answerLivez(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  readQuery(request.raw.url ?? "", ["verbose"]);
  return sendText(reply, "ok");
}

/**
 * Answers `/readyz`: every scope has a view, or is visibly kept from one; a store that is lost later leaves it ready, on
 * what was read. `?verbose` tells each scope, and so does a
 * failure, but only to those who may read (`detailed`): others get a count.
 */
export async function answerReadyz(
  context: StatusContext,
  detailed: boolean,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const verbose = asksVerbose(request.raw.url ?? "");
  const checks = await runChecks(context);
  const failed = checks.filter(({ ready }) => !ready).length;
  if (failed > 0) reply.code(503).header("retry-after", "1");
  if (failed === 0 && !verbose) return sendText(reply, "ok");
  const verdict = failed === 0 ? "readyz check passed" : "readyz check failed";
  const lines = detailed
    ? checks.map(({ ready, line }) => `[${ready ? "+" : "-"}]${line}`)
    : [`${checks.length - failed} of ${checks.length} ready`];
  return sendText(reply, `${[...lines, verdict].join("\n")}\n`);
}

/** `?verbose` comes without a value, as on the API server. */
function asksVerbose(target: string): boolean {
  readQuery(target, ["verbose"]);
  return new URLSearchParams(target.slice(target.indexOf("?") + 1)).has("verbose");
}

interface Check {
  readonly ready: boolean;
  readonly line: string;
}

async function runChecks(context: StatusContext): Promise<readonly Check[]> {
  try {
    const statuses = await scopeStatuses(context);
    const trouble = sourceTrouble(context.store, context.clock.now());
    const store: readonly Check[] =
      trouble === undefined ? [] : [{ ready: trouble.read, line: `store: ${trouble.line}` }];
    if (statuses.length > 0) return [...store, ...statuses.map(check)];
    return trouble?.read === false ? store : [...store, { ready: false, line: "store: nothing is watched yet" }];
  } catch (error) {
    return [{ ready: false, line: `store: ${errorStatus(error).error.message}` }];
  }
}

function check(status: ScopeStatus): Check {
  const id = scopeId(status.scope);
  if (status.state !== "syncing") return { ready: true, line: `${id} ${status.state}` };
  const progress = status.reports.streamer?.progress;
  const of = progress?.expected === undefined ? "" : ` of ${progress.expected}`;
  const far = progress === undefined ? "" : `: ${progress.objects}${of} objects so far`;
  const why = status.error === undefined ? "" : ` (${status.error.code})`;
  return { ready: false, line: `${id} syncing${far}${why}` };
}
