import { type HeaderSource, headerIn } from "./header-source.ts";
import { HEADERS } from "./headers.ts";
import { formatWarning, parseWarnings } from "./warning.ts";

/**
 * How far a view can be trusted, in one word.
 *
 * - `syncing`: the first list is not complete; there is no answer yet.
 * - `synced`: a watch runs and has brought news lately.
 * - `snapshot-only`: the answer is the newest complete list; the resource cannot be watched, or its versions not ordered.
 * - `stale`: no news for longer than the bound; the answer is the last view.
 * - `gone`: the API server no longer serves the resource; the answer is the last view.
 * - `forbidden`: the API server refuses KRM's credentials; the answer is the last view.
 * - `failed`: the monitor cannot keep the view up to date; the answer is the last view.
 */
export const VIEW_STATES = ["synced", "snapshot-only", "stale", "syncing", "gone", "forbidden", "failed"] as const;

/** One of {@link VIEW_STATES}, which stand from best to worst: a union of views has the worst state among them. */
export type ViewState = (typeof VIEW_STATES)[number];

/** The worst of some states; `synced` for none. */
export function worstState(states: Iterable<ViewState>): ViewState {
  let worst = 0;
  for (const state of states) worst = Math.max(worst, VIEW_STATES.indexOf(state));
  return VIEW_STATES[worst] ?? "failed";
}

/** How far one answer can be trusted: the trust headers, read. For a union of views, the worst and the oldest of each. */
export interface Freshness {
  readonly state: ViewState;
  /** When the newest verified snapshot was asked for. Everything up to `verifiedResourceVersion` is certain. */
  readonly verifiedAt: Date | undefined;
  readonly verifiedResourceVersion: string | undefined;
  /** The watch has told everything up to this version, as far as the API server sent it. */
  readonly streamedThrough: string | undefined;
  /** When the API server last said something, or that it had nothing to say, that is in the view. */
  readonly lastContact: Date | undefined;
  /** Why the answer deserves less trust, for people. */
  readonly warnings: readonly string[];
}

/** Writes the trust headers. What is unknown is left out. */
export function formatFreshness(freshness: Freshness): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { [HEADERS.state]: freshness.state };
  if (freshness.verifiedAt !== undefined) headers[HEADERS.verifiedAt] = freshness.verifiedAt.toISOString();
  if (freshness.verifiedResourceVersion !== undefined) {
    headers[HEADERS.verifiedResourceVersion] = freshness.verifiedResourceVersion;
  }
  if (freshness.streamedThrough !== undefined) headers[HEADERS.streamedThrough] = freshness.streamedThrough;
  if (freshness.lastContact !== undefined) headers[HEADERS.lastContact] = freshness.lastContact.toISOString();
  if (freshness.warnings.length > 0) headers[HEADERS.warning] = freshness.warnings.map(formatWarning);
  return headers;
}

/**
 * Reads the trust headers of an answer. Undefined when it carries no state that this version knows: then it did not
 * come from a KRM server, or from a newer one. A time that does not parse counts as unknown.
 */
export function parseFreshness(headers: HeaderSource): Freshness | undefined {
  const state = VIEW_STATES.find((known) => known === headerIn(headers, HEADERS.state));
  if (state === undefined) return undefined;
  return {
    state,
    verifiedAt: time(headerIn(headers, HEADERS.verifiedAt)),
    verifiedResourceVersion: headerIn(headers, HEADERS.verifiedResourceVersion),
    streamedThrough: headerIn(headers, HEADERS.streamedThrough),
    lastContact: time(headerIn(headers, HEADERS.lastContact)),
    warnings: parseWarnings(headerIn(headers, HEADERS.warning) ?? ""),
  };
}

function time(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
