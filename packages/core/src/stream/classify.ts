import { KrmError } from "../errors.ts";
import type { BlockedReason, ErrorReport, PollingReason } from "../monitor/role-status.ts";

/** What a failed LIST or WATCH means for what to do next. */
export type Trouble =
  /** The version is too old: list anew. */
  | { readonly type: "expired" }
  /** A frame made no sense: a known gap. */
  | { readonly type: "undecodable" }
  /** It can only be listed: its versions cannot be ordered (law 8), or it knows no watch. */
  | { readonly type: "poll"; readonly reason: PollingReason }
  /** Only someone else can mend it; probe slowly. `served`: what discovery says, where it was asked and answered. */
  | { readonly type: "blocked"; readonly reason: BlockedReason; readonly served?: boolean | undefined }
  /** Try the same again, after a wait. */
  | { readonly type: "retry"; readonly retryAfterMs: number | undefined };

/** Reads an error. What is no KrmError counts as a passing failure, so that a role never ends by one. */
export function classify(error: unknown): Trouble {
  if (!KrmError.is(error)) return { type: "retry", retryAfterMs: undefined };
  switch (error.code) {
    case "KRM_DECODE":
      return { type: "undecodable" };
    case "KRM_INVALID_RESOURCE_VERSION":
      return { type: "poll", reason: "incomparable" };
    case "KRM_API_STATUS":
      return classifyStatus(error.status?.code ?? 0, error.status?.retryAfterSeconds);
    default:
      return { type: "retry", retryAfterMs: undefined };
  }
}

/**
 * As {@link classify}, of a list. What cannot be listed cannot be polled: a list that is refused as no watch would be is
 * tried again.
 */
export function classifyList(error: unknown): Trouble {
  const trouble = classify(error);
  const unwatchable = trouble.type === "poll" && trouble.reason === "not-watchable";
  return unwatchable ? { type: "retry", retryAfterMs: undefined } : trouble;
}

/** As {@link classify}, of a watch, for which there is a way out: a list. */
export function classifyWatch(error: unknown): Trouble {
  const status = KrmError.is(error, "KRM_API_STATUS") ? error.status : undefined;
  // An event that the server itself cannot read (KEP-3926) stays in the way of every watch from before it.
  if (status?.reason === "StoreReadError") return { type: "undecodable" };
  // A server that refuses the request as such will not take it the next time either; a list gives another version.
  return status?.code === 400 || status?.code === 422 ? { type: "expired" } : classify(error);
}

function classifyStatus(code: number, retryAfterSeconds: number | undefined): Trouble {
  switch (code) {
    case 401:
      return { type: "blocked", reason: "unauthorized" };
    case 403:
      return { type: "blocked", reason: "forbidden" };
    case 404:
      return { type: "blocked", reason: "gone" };
    case 405:
    case 406:
      return { type: "poll", reason: "not-watchable" };
    case 410:
      return { type: "expired" };
    default:
      return { type: "retry", retryAfterMs: retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000 };
  }
}

/** An error as a status report tells it. */
export function errorReport(error: unknown): ErrorReport {
  if (KrmError.is(error))
    return { code: error.code, message: error.message, hint: error.hint, status: error.status?.code };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "KRM_CONNECTION", message, hint: undefined, status: undefined };
}
