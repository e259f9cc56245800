// Model
export {
  compareResourceVersions,
  isResourceVersion,
  newestResourceVersion,
  parseResourceVersion,
  type ResourceVersion,
} from "./model/resource-version.ts";
export { objectKey, type ObjectKey, splitObjectKey, type Uid } from "./model/object-key.ts";
export {
  apiVersionOf,
  DEFAULT_RESOURCES,
  DEPLOYMENTS,
  INGRESSES,
  LEASES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  resourceId,
  resourceName,
  resourcePath,
  type ResourceType,
  SERVICES,
} from "./model/resource-type.ts";
export { type Scope, scopeId } from "./model/scope.ts";
export { certainOffsetMs, type ClockOffset, clockOffsetText } from "./model/clock-offset.ts";
export { ClockOffsetEstimator, type DatedAnswer, type Moment } from "./model/clock-offset-estimator.ts";
export type { Revision, StoredObject } from "./model/stored-object.ts";
export type { WriteMarks } from "./model/write-marks.ts";
export type { IncomparableSnapshot, Snapshot, SnapshotEntry } from "./model/snapshot.ts";
export type { Applied, Observation, Tombstone } from "./model/observation.ts";

// Merge
export type { Doubt } from "./merge/doubt.ts";
export {
  type Drift,
  DRIFT_TYPES,
  type DriftCause,
  type DriftType,
  type MissedEvent,
  type Shown,
} from "./merge/drift.ts";
export {
  type DecidedVerdict,
  type MergeInput,
  type RoleInput,
  type Step,
  type Verdict,
  VERIFICATION_MODES,
  type VerificationMode,
  type VerifiedInput,
} from "./merge/merge-input.ts";
export { DRIFT_CAUSES, EMPTY_LEDGER, missedByType, type VerificationLedger } from "./merge/ledger.ts";
export {
  type Claim,
  emptyMergeState,
  type MergeState,
  restoreMergeState,
  type Undecided,
} from "./merge/merge-state.ts";
export type { ReplacedState, ViewChange } from "./merge/view-change.ts";
export { advance, reduce } from "./merge/reduce.ts";

// Store
export { DEFAULT_FEED_BOUNDS, type FeedBounds } from "./store/change-feed.ts";
export { MemoryStore, type MemoryStoreOptions } from "./store/memory-store.ts";
export type {
  CommittedMeta,
  FeedBatch,
  FeedEntry,
  ReadQuery,
  ScopeStore,
  Store,
  StoreManifest,
  ViewCommit,
  ViewIndex,
  ViewMeta,
  ViewRead,
} from "./store/store.ts";
export { hasTerm, type ObjectTerm, subjectName, type TermSubject, valuesOf } from "./store/object-term.ts";
export type {
  InputLease,
  Lease,
  LeaseRequest,
  Leases,
  LoadedView,
  LostEventRequest,
  MergerLease,
  RoleRequest,
  RoleSignal,
} from "./store/lease.ts";
export type {
  ConsumedLogs,
  InputLogWriter,
  InputRole,
  LogBatch,
  LogPosition,
  LogRecord,
  SnapshotPage,
  SnapshotPageEntry,
} from "./store/input-log.ts";

// Replica
export { ReplicaStore, type ReplicaStoreOptions } from "./replica/replica-store.ts";

// For those who write a store or a server
export { untilAborted } from "./internal/abort.ts";
export { within } from "./internal/within.ts";
export { isFinal } from "./store/final-failure.ts";
export { checkFormatRecord, formatRecord, readFormatRecord, type StoreFormat } from "./store/format-record.ts";
export { refuseBackwards } from "./store/backwards.ts";
export { ChangeFeed, type ChangeFeedOptions } from "./store/change-feed.ts";
export { ObjectTable } from "./store/object-table.ts";
export { decodeChange, encodeChange, type EncodedChange } from "./store/codec/change-codec.ts";
export { decodeLogRecord, encodeLogRecord, type EncodedLogRecord } from "./store/codec/log-codec.ts";
export { decodeObjectRecord, encodeObject } from "./store/codec/object-codec.ts";
export { LogAssembler, recordBytes, recordsOf } from "./store/log-records.ts";
export { NO_VIEW } from "./store/no-view.ts";
export { type HeardRequest, type LostEvent, lostEventRequest, readRequest } from "./store/lost-event.ts";
export type { PersistedView, ViewPersistence } from "./store/persistence.ts";
export { streamerStart } from "./store/streamer-start.ts";

// Roles
export { DEFAULT_QUEUE_BOUNDS, type QueueBounds } from "./merge/input-queue.ts";
export { Merger, type MergerOptions } from "./merge/merger.ts";
export { type BackoffOptions, backoffMs, DEFAULT_BACKOFF, STORE_BACKOFF } from "./stream/backoff.ts";
export { Streamer, type StreamerOptions } from "./stream/streamer.ts";
export type { Settled, StreamSink, StreamStart } from "./stream/stream-sink.ts";
export { takeSnapshot, type TakeSnapshotOptions } from "./verify/take-snapshot.ts";
export { Verifier, type VerifierOptions } from "./verify/verifier.ts";
export type { VerifySink } from "./verify/verify-sink.ts";
export type { FrozenView } from "./verify/frozen-view.ts";
export { countedListWatch, type RequestVerb } from "./verify/counted-list-watch.ts";

// Roles as processes
export { type AskOptions, askRole } from "./roles/ask-role.ts";
export { Semaphore } from "./internal/semaphore.ts";
export { type Held, type HeldLeases, type HoldOptions, holdRoles, type Standing } from "./roles/hold-roles.ts";
export { MergeRole, type MergeRoleOptions } from "./roles/merge-role.ts";
export {
  type ClusterRoleOptions,
  DEFAULT_LEASE_TTL_MS,
  DEFAULT_VERIFY_BUDGET,
  type RoleProcessOptions,
} from "./roles/role-process.ts";
export { StreamRole, type StreamRoleOptions } from "./roles/stream-role.ts";
export { VerifyRole, type VerifyRoleOptions } from "./roles/verify-role.ts";

// Monitor
export type { RoleOptions } from "./monitor/role-options.ts";
export { Monitor, type MonitorEvents, type MonitorOptions } from "./monitor/monitor.ts";
export {
  type BlockedReason,
  DESYNC_CAUSES,
  type DesyncCause,
  type ErrorReport,
  type InitialRead,
  type ListProgress,
  type MergerReport,
  type PollingReason,
  type Role,
  type RolePhase,
  type RoleReports,
  ROLES,
  type ScopeReports,
  type StreamerReport,
  type VerifierReport,
} from "./monitor/role-status.ts";
export {
  DEFAULT_STALENESS,
  judgeScope,
  type ScopeState,
  type ScopeStatus,
  scopesOf,
  scopeStatus,
  type StalenessBounds,
} from "./monitor/scope-status.ts";

// Ports
export { canaryHolder, type CanaryLease, isCanaryHolder, type RenewedLease } from "./ports/canary-lease.ts";
export { type CallOptions, type Clock, systemClock } from "./ports/clock.ts";
export { type EventLoopDelay, type EventLoopLag, systemEventLoop } from "./ports/event-loop.ts";
export type {
  ApiStatus,
  ListPage,
  ListRequest,
  ListWatch,
  ListWatchSource,
  MetadataPage,
  WatchEvent,
  WatchRequest,
  WatchStream,
} from "./ports/list-watch.ts";
export { type Logger, silentLogger } from "./ports/logger.ts";
export {
  type MetricInfo,
  type MetricLabels,
  type MetricName,
  type MetricOf,
  METRICS,
  type MetricTable,
  noTelemetry,
  type Telemetry,
} from "./ports/telemetry.ts";

// Wire
export { decodeStatus } from "./wire/api-status.ts";
export type { DecodeOptions } from "./wire/decode-options.ts";
export { compileDropPaths, DEFAULT_DROP_PATHS, type DropPaths } from "./wire/drop-paths.ts";
export { decodeListPage } from "./wire/list-page.ts";
export type { ByteRange } from "./wire/member-range.ts";
export { metadataRange, withResourceVersion } from "./wire/metadata-bytes.ts";
export { decodeMetadataPage } from "./wire/metadata-page.ts";
export { TOLD_CONTACT, toldContact } from "./wire/told-contact.ts";
export { WatchDecoder, type WatchDecoderOptions } from "./wire/watch-decoder.ts";
export { decodeObject } from "./wire/wire-object.ts";

// Errors
export { KRM_ERROR_CODES, KrmError, type KrmErrorCode, type KrmErrorOptions } from "./errors.ts";
