import {
  type CommittedMeta,
  decodeObject,
  EMPTY_LEDGER,
  type MergerReport,
  type ResourceVersion,
  type Scope,
  type Store,
  type StreamerReport,
  type VerifierReport,
} from "@krm/core";
import { writableScope } from "@krm/testkit";

/** 2026-01-01T00:00:00Z: where a manual clock starts. */
export const START: number = Date.UTC(2026, 0, 1);

/** The meta of a view that was verified a minute ago. */
export function metaAt(version: string, more: Partial<CommittedMeta> = {}): CommittedMeta {
  return {
    epoch: 0,
    version,
    resumeFloor: undefined,
    repairPending: false,
    lastContact: START - 2500,
    horizon: version,
    verifiedAt: START - 60_000,
    streamedThrough: version as ResourceVersion,
    snapshotOnly: false,
    ...more,
  };
}

/** A healthy watch. */
export const STREAMER: StreamerReport = {
  state: { phase: "watching", since: START - 60_000 },
  progress: undefined,
  lastContact: START,
  events: 12,
  bookmarks: 3,
  lists: 1,
  initial: "streaming",
  watches: 2,
  silentSince: START - 2000,
  stalls: 1,
  emptied: 0,
  failures: 0,
  desyncs: { expired: 1, undecodable: 0, overflow: 0, "incomplete-settlement": 0, "epoch-reset": 0, "store-lost": 0 },
};

/** One that waits for its next turn. */
export const VERIFIER: VerifierReport = {
  state: { phase: "waiting", since: START, until: START + 300_000 },
  progress: undefined,
  lastContact: START,
  snapshots: 7,
  mode: "exact-metadata",
  requests: 9,
  asked: 2,
  failures: 1,
};

/** One that has found something. */
export const MERGER: MergerReport = {
  ...EMPTY_LEDGER,
  verifications: { consistent: 4, drift: 1, lag: 2, inconclusive: 0, stale: 0 },
  missed: { ...EMPTY_LEDGER.missed, upstream: { added: 0, modified: 1, deleted: 2, recreated: 0 } },
  exposure: { totalMs: 90_500, longestMs: 60_000 },
  repairs: 3,
  pending: 1,
  resynced: 5,
  contradictions: 6,
  lastDriftAt: START - 1000,
  late: 8,
  queued: 0,
  failing: undefined,
};

/** Makes a scope hold one object under this meta, with reports of all its roles, which are held. */
export async function fill(store: Store, scope: Scope, meta: CommittedMeta, name = "a"): Promise<void> {
  const to = writableScope(store.scope(scope));
  const metadata = { name, namespace: "team-a", uid: `uid-${name}`, resourceVersion: "1" };
  const object = decodeObject(Buffer.from(JSON.stringify({ metadata })));
  const change = { type: "set", object, previous: undefined, origin: "list", observedAt: START } as const;
  await to.commit({ changes: [change], meta });
  await to.report("streamer", STREAMER);
  await to.report("verifier", VERIFIER);
  await to.report("merger", MERGER);
}
