import type { IncomingMessage } from "node:http";
import { bearerToken } from "../auth/authenticator.ts";
import type { UpstreamAnswer } from "./upstream.ts";

/** The identifier of a request in the audit log. */
export const AUDIT_ID = "audit-id";

/** Headers of a request that the API server is told. Who asks is none of them, nor whatever it may take for that. */
const ASKED: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  AUDIT_ID,
  "if-modified-since",
  "if-none-match",
  "kubectl-command",
  "kubectl-session",
  "traceparent",
  "tracestate",
  "user-agent",
]);
const IMPERSONATE = "impersonate-";

/** Headers of an answer that the reader is told. Those of KRM's own are none of them. */
const ANSWERED: ReadonlySet<string> = new Set([
  "allow",
  AUDIT_ID,
  "cache-control",
  "content-encoding",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "last-modified",
  "retry-after",
  "vary",
  "warning",
  "www-authenticate",
]);
const PRIORITY = "x-kubernetes-pf-";

/** What Node.js lets a header hold. */
const WRITABLE = /^[\t\x20-\x7e\x80-\xff]*$/u;

/** What of a request's headers is sent on: lines that are given several times remain several. */
export function askedHeaders({
  headers,
  rawHeaders,
}: Pick<IncomingMessage, "headers" | "rawHeaders">): Record<string, readonly string[]> {
  const own = ownTo(headers["connection"]);
  const asked: Record<string, string[]> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    if (own.has(name) || !(ASKED.has(name) || name.startsWith(IMPERSONATE))) continue;
    (asked[name] ??= []).push(rawHeaders[index + 1] ?? "");
  }
  return asked;
}

/** The token of whoever asks, as the API server is told it; undefined: it is told none. */
export function callerToken({ headers }: Pick<IncomingMessage, "headers">): string | undefined {
  return ownTo(headers["connection"]).has("authorization") ? undefined : bearerToken(headers.authorization);
}

/** What of an answer's headers the reader gets. */
export function answeredHeaders({ headers }: Pick<UpstreamAnswer, "headers">): Record<string, string | string[]> {
  const { connection } = headers;
  const own = ownTo(typeof connection === "object" ? connection.join(",") : connection);
  const told: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || own.has(name) || !(ANSWERED.has(name) || name.startsWith(PRIORITY))) continue;
    const lines = typeof value === "string" ? value : [...value];
    if ([lines].flat().every((line) => WRITABLE.test(line))) told[name] = lines;
  }
  return told;
}

/** The headers that a `Connection` names as its own (RFC 9110 §7.6.1). */
function ownTo(connection: string | undefined): ReadonlySet<string> {
  return new Set(connection?.split(",").map((name) => name.trim().toLowerCase()));
}
