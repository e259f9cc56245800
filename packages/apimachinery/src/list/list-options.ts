import { checkFieldSelectorSyntax } from "../fields/field-terms.ts";
import { type LabelSelector, parseLabelSelector } from "../labels/label-selector.ts";
import { badRequest, invalid } from "../status/status-errors.ts";
import { statusError, type StatusCause, type StatusError } from "../status/status.ts";
import { goQuote } from "../text/go-quote.ts";
import { decodeContinue } from "./continue-token.ts";
import { queryFlag, queryInteger } from "./query-values.ts";

/** The options of a list or watch request, checked; Kubernetes' ListOptions. */
export interface ListOptions {
  /** As sent; `""`: none. */
  readonly labelSelector: string;
  /** {@link ListOptions.labelSelector}, parsed. */
  readonly labels: LabelSelector;
  /** As sent, its syntax checked; whether the fields exist is for {@link parseFieldSelector}. `""`: none. */
  readonly fieldSelector: string;
  /** Objects per page, at most; 0: no limit (which a negative one means too). */
  readonly limit: number;
  /** The token as sent, checked; `""`: none. */
  readonly continue: string;
  /** `""`, `"0"` or decimal digits of any length. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: "" | "Exact" | "NotOlderThan";
  readonly watch: boolean;
  /** Undefined: the server's choice, and so is 0. */
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  /**
   * True for a watch that starts with what exists, as synthetic ADDED events. A watch that names no version, or `"0"`,
   * has it on without asking (and then `resourceVersionMatch` is `NotOlderThan`), as upstream's defaulting does.
   */
  readonly sendInitialEvents: boolean | undefined;
}

const LIST_OPTIONS = { group: "meta.k8s.io", kind: "ListOptions" };
const MATCHES = ["Exact", "NotOlderThan"] as const;

/**
 * Tells whether a collection's query asks for a watch. Anything but absent, `0` and `false` does: `watch=nope` and
 * `watch=` watch.
 */
export function isWatchQuery(query: URLSearchParams): boolean {
  return queryFlag(query, "watch");
}

/**
 * Reads and checks the options of a list (`mode` `list`) or of a watch (`watch`: the path or the query asked for one).
 * A query with `watch=1` is a watch in either mode. Of a parameter given twice the first counts; unknown parameters are
 * left to the caller, as the API server ignores them.
 *
 * The checks and their order are kube-apiserver v1.36's: values that do not parse, selectors, combinations, versions.
 *
 * @throws StatusError 400 for a value that does not parse, 422 for options that exclude each other, and 500 for a
 * `resourceVersion` of a watch that is none (the API server's own quirk: 400 on a list).
 */
export function parseListOptions(query: URLSearchParams, mode: "list" | "watch"): ListOptions {
  const watch = mode === "watch" || isWatchQuery(query);
  const timeoutSeconds = queryInteger(query, "timeoutSeconds");
  const limit = queryInteger(query, "limit") ?? 0;
  const labelSelector = query.get("labelSelector") ?? "";
  const fieldSelector = query.get("fieldSelector") ?? "";
  const labels = parseLabelSelector(labelSelector);
  checkFieldSelectorSyntax(fieldSelector);

  const resourceVersion = query.get("resourceVersion") ?? "";
  const token = query.get("continue") ?? "";
  let match = query.get("resourceVersionMatch") ?? "";
  let sendInitialEvents = query.has("sendInitialEvents") ? queryFlag(query, "sendInitialEvents") : undefined;
  if (watch && sendInitialEvents === undefined && match === "" && (resourceVersion === "" || resourceVersion === "0")) {
    sendInitialEvents = true;
    match = "NotOlderThan";
  }
  const asked = { resourceVersion, match, token, sendInitialEvents };
  const causes = watch ? watchCauses(asked) : listCauses(asked);
  if (causes.length > 0) throw invalid(LIST_OPTIONS, "", causes);
  if (token !== "" && !watch) {
    decodeContinue(token);
    if (resourceVersion !== "" && resourceVersion !== "0")
      throw badRequest("specifying resource version is not allowed when using continue");
  }
  checkResourceVersion(resourceVersion, watch);

  return {
    labelSelector,
    labels,
    fieldSelector,
    limit: Math.max(0, limit),
    continue: token,
    resourceVersion,
    // Anything else has been refused above.
    resourceVersionMatch: match as ListOptions["resourceVersionMatch"],
    watch,
    timeoutSeconds,
    allowWatchBookmarks: queryFlag(query, "allowWatchBookmarks"),
    sendInitialEvents,
  };
}

interface Asked {
  readonly resourceVersion: string;
  readonly match: string;
  readonly token: string;
  readonly sendInitialEvents: boolean | undefined;
}

function forbids(field: string, why: string): StatusCause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

function unsupportedMatch(match: string, supported: readonly string[]): StatusCause {
  const list = supported.map((value) => goQuote(value)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${goQuote(match)}: supported values: ${list}`,
    field: "resourceVersionMatch",
  };
}

const WITH_CONTINUE = forbids("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");

function listCauses({ match, resourceVersion, token, sendInitialEvents }: Asked): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const field = "resourceVersionMatch";
  if (match !== "") {
    if (resourceVersion === "")
      causes.push(forbids(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (token !== "") causes.push(WITH_CONTINUE);
    if (!MATCHES.some((known) => known === match)) causes.push(unsupportedMatch(match, [...MATCHES, ""]));
    if (match === "Exact" && /^0+$/u.test(resourceVersion))
      causes.push(forbids(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined)
    causes.push(forbids("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  return causes;
}

function watchCauses({ match, token, sendInitialEvents }: Asked): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const field = "resourceVersionMatch";
  if (sendInitialEvents !== undefined && match !== "NotOlderThan")
    causes.push(forbids(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  if (match !== "") {
    if (sendInitialEvents === undefined)
      causes.push(forbids(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    if (match !== "NotOlderThan") causes.push(unsupportedMatch(match, ["NotOlderThan"]));
    if (token !== "") causes.push(WITH_CONTINUE);
  }
  return causes;
}

/** Digits of any length, where the API server stops at 2^64: versions may outgrow it (KEP-5504). */
function checkResourceVersion(text: string, watch: boolean): void {
  if (text === "" || /^[0-9]+$/u.test(text)) return;
  const message = `resourceVersion: Invalid value: ${goQuote(text)}: strconv.ParseUint: parsing ${goQuote(text)}: invalid syntax`;
  throw watch ? invalidWatchVersion(message) : badRequest(`invalid resource version: ${message}`);
}

function invalidWatchVersion(message: string): StatusError {
  return statusError({ code: 500, message });
}
