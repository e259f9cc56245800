import { type Freshness, type ViewState, worstState } from "@krm/protocol";

/** How a mirror is connected, and so what it can know of its server. Times are of a clock that only goes forwards. */
export type Link =
  /** There is no connection. `trouble`: why the last one failed. */
  | { readonly state: "connecting"; readonly since: number; readonly trouble?: string | undefined }
  /** What followed the last version that was told comes, if the server still knows it. */
  | { readonly state: "resuming"; readonly since: number }
  /** All that there is comes; until that is complete, the view is the one before. */
  | { readonly state: "syncing"; readonly since: number }
  /** The view is all that the server has told. */
  | { readonly state: "following" }
  /** It goes on no more. `trouble`: why, where nobody wanted it. */
  | { readonly state: "ended"; readonly since: number; readonly trouble?: string | undefined };

/** What is known of how far a view can be trusted. */
export interface Known {
  readonly link: Link;
  /** The server's last word on its own view. */
  readonly told: Freshness | undefined;
  /** When that was, by this machine's clock. */
  readonly toldAt: Date | undefined;
  /** Why what has changed may not have been told, though there seems to be a connection. */
  readonly doubt: string | undefined;
  /** Whether a set was ever complete. */
  readonly isSynced: boolean;
  readonly resourceVersion: string | undefined;
}

/**
 * How far a mirror can be trusted: what the server last said of its own view, and what this side knows. `state` is the
 * worse of the two:
 *
 * - `syncing` until the first set is complete;
 * - `stale` where the server was not followed for ten seconds; where it did not say how its view is when it was asked;
 *   where the watch did not tell what the server has heard, or nothing at all for 75 seconds; where nothing was heard of
 *   the server for forty; and once the mirror has been closed;
 * - `failed` where an error has ended the mirror;
 * - else what the server said (see {@link toldAt}).
 *
 * `warnings` say why.
 */
export interface MirrorFreshness extends Freshness {
  /** Everything up to this version is in the view; undefined until the first set is complete. */
  readonly resourceVersion: string | undefined;
  /** `following`: the view is all that the server has told. Else it is what it was when that was last so. */
  readonly connection: Link["state"];
  /** Since when the mirror does not follow the server, by this machine's clock; undefined: it does. */
  readonly behindSince: Date | undefined;
  /** When the server last told `state`, by this machine's clock; what happened to its view since is not known yet. */
  readonly toldAt: Date | undefined;
}

/** As a server judges itself: for so long a view that is not followed counts as fresh. Milliseconds. */
export const BEHIND_MS = 10_000;
const FRESH: ReadonlySet<ViewState> = new Set<ViewState>(["synced", "snapshot-only"]);
const UNKNOWN: Freshness = {
  state: "syncing",
  verifiedAt: undefined,
  verifiedResourceVersion: undefined,
  streamedThrough: undefined,
  lastContact: undefined,
  warnings: [],
};

const BEHIND = {
  connecting: "no connection to the server",
  resuming: "what has changed since is not told yet",
  syncing: "a new set is not complete",
} as const;

/** Whether a view in this state is the server's newest, as far as anybody knows. */
export function isFresh(state: ViewState): boolean {
  return FRESH.has(state);
}

/** Judges what is known. `dateOf` turns a time of the clock into a date. */
export function judge(known: Known, now: number, dateOf: (at: number) => Date): MirrorFreshness {
  const { link, told } = known;
  const own = ownVerdict(known, now);
  const server = told ?? UNKNOWN;
  return {
    ...server,
    state: own === undefined ? server.state : worstState([server.state, own.state]),
    warnings: own === undefined ? server.warnings : [...server.warnings, own.why],
    resourceVersion: known.resourceVersion,
    connection: link.state,
    behindSince: link.state === "following" ? undefined : dateOf(link.since),
    toldAt: known.toldAt,
  };
}

/** What this side knows against the view; undefined: nothing. */
function ownVerdict(
  { doubt, isSynced, link }: Known,
  now: number,
): { readonly state: ViewState; readonly why: string } | undefined {
  const because = "trouble" in link && link.trouble !== undefined ? `: ${link.trouble}` : "";
  if (link.state === "ended")
    return because === ""
      ? { state: "stale", why: "the mirror was closed" }
      : { state: "failed", why: `the mirror has ended${because}` };
  if (!isSynced) return { state: "syncing", why: `the first set is not complete${because}` };
  if (link.state === "following") return doubt === undefined ? undefined : { state: "stale", why: doubt };
  if (doubt === undefined && now - link.since < BEHIND_MS) return undefined;
  return { state: "stale", why: `${BEHIND[link.state]}${because}` };
}
