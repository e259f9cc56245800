import {
  type CommittedMeta,
  decodeObject,
  EMPTY_LEDGER,
  type MergerReport,
  type RolePhase,
  type Scope,
  type Store,
  type StoredObject,
  type StreamerReport,
  type ResourceVersion,
  type ScopeStore,
  type VerifierReport,
} from "@krm/core";
import { type WritableScope, writableScope } from "@krm/testkit";

/** 2026-01-01T00:00:00Z: where the manual clock starts. */
export const START: number = Date.UTC(2026, 0, 1);

/** Metadata of a test object. */
export interface TestMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly version?: string;
  readonly ownerReferences?: readonly { readonly uid: string }[];
}

/** An object as the wire would have brought it. `more` stands beside `metadata`. */
export function object(meta: TestMeta, more: Readonly<Record<string, unknown>> = {}): StoredObject {
  const { version = "1", ...rest } = meta;
  const metadata = { ...rest, uid: `uid-${meta.namespace ?? ""}-${meta.name}`, resourceVersion: version };
  return decodeObject(Buffer.from(JSON.stringify({ metadata, ...more })));
}

/** A pod on a node. */
export function pod(meta: TestMeta, nodeName = "node-1", phase = "Running"): StoredObject {
  return object({ namespace: "team-a", ...meta }, { spec: { nodeName }, status: { phase } });
}

/** The meta of a verified view at a version. */
export function metaAt(version: string, more: Partial<CommittedMeta> = {}): CommittedMeta {
  return {
    epoch: 0,
    version,
    resumeFloor: undefined,
    repairPending: false,
    lastContact: START,
    horizon: version,
    verifiedAt: START - 60_000,
    streamedThrough: version as ResourceVersion,
    snapshotOnly: false,
    ...more,
  };
}

/** A streamer's report: a healthy watch, unless told otherwise. */
export function streamerReport(more: Partial<StreamerReport> = {}): StreamerReport {
  return {
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
    desyncs: {
      expired: 1,
      undecodable: 0,
      overflow: 0,
      "incomplete-settlement": 0,
      "epoch-reset": 0,
      "store-lost": 0,
    },
    ...more,
  };
}

/** A streamer that the API server refuses. */
export function blocked(reason: "forbidden" | "gone", status: number): RolePhase {
  return {
    phase: "blocked",
    since: START,
    until: START + 60_000,
    reason,
    error: { code: "KRM_API_STATUS", message: `the API server says ${status}`, hint: undefined, status },
  };
}

/** A verifier that waits for its next turn. */
export const VERIFIER_REPORT: VerifierReport = {
  state: { phase: "waiting", since: START, until: START + 300_000 },
  progress: undefined,
  lastContact: START,
  snapshots: 7,
  mode: "exact-metadata",
  requests: 9,
  asked: 2,
  failures: 1,
};

export const MERGER_REPORT: MergerReport = {
  verifications: { consistent: 4, drift: 1, lag: 2, inconclusive: 0, stale: 0 },
  missed: {
    ...EMPTY_LEDGER.missed,
    upstream: { added: 0, modified: 1, deleted: 2, recreated: 0 },
    expired: { added: 1, modified: 0, deleted: 0, recreated: 0 },
  },
  modes: { ...EMPTY_LEDGER.modes, "exact-metadata": 7 },
  exposure: { totalMs: 90_000, longestMs: 60_000 },
  repairs: 3,
  pending: 3,
  resynced: 0,
  lastDriftAt: START - 1000,
  recent: [],
  late: 0,
  contradictions: 0,
  queued: 0,
  failing: undefined,
};

const written = new WeakMap<ScopeStore, WritableScope>();

/** A scope, with the roles that write to it: a role is held from the first write on. */
export function writer(store: Store, scope: Scope): WritableScope {
  const to = store.scope(scope);
  const known = written.get(to) ?? writableScope(to);
  written.set(to, known);
  return known;
}

/** Makes a scope hold just these objects, under this meta, with a healthy streamer. */
export async function fill(
  store: Store,
  scope: Scope,
  objects: readonly StoredObject[],
  meta: CommittedMeta = metaAt("100"),
): Promise<void> {
  const to = writer(store, scope);
  const keys = new Set(objects.map(({ key }) => key));
  const before = await to.store.read();
  const gone = before.objects.filter(({ key }) => !keys.has(key));
  const same = { origin: "list", observedAt: START } as const;
  await to.commit({
    changes: [
      ...gone.map((one) => ({
        type: "removed" as const,
        key: one.key,
        uid: one.uid,
        resourceVersion: one.resourceVersion,
        finalState: "unknown" as const,
        ...same,
      })),
      ...objects.map((one) => ({ type: "set" as const, object: one, previous: undefined, ...same })),
    ],
    meta,
    reset: meta.epoch !== before.meta.epoch,
  });
  await to.report("streamer", streamerReport());
}
