import {
  type ClockOffset,
  type ErrorReport,
  type EventLoopDelay,
  type ListProgress,
  resourceId,
  resourceName,
  type RolePhase,
  type Scope,
  type ScopeStatus,
  type StreamerReport,
  type VerifierReport,
} from "@krm/core";
import {
  type ClockStatus,
  type DelaysStatus,
  type EventLoopStatus,
  type ScopeErrorStatus,
  type ScopeStatusBody,
  type StatusBody,
  type StatusPhase,
  type StatusProgress,
  type StreamerStatus,
  type VerifierStatus,
  worstState,
} from "@krm/protocol";
import { mergerBody } from "./merger-body.ts";
import { time } from "./time.ts";

/** The body of `/status`. `delays`: what is told of a scope's, if anything is. */
export function statusBody(
  scopes: readonly ScopeStatus[],
  now: number,
  delays: (scope: Scope) => DelaysStatus | undefined,
): StatusBody {
  return {
    time: time(now),
    state: scopes.length === 0 ? "syncing" : worstState(scopes.map(({ state }) => state)),
    scopes: scopes.map((status) => scopeBody(status, delays(status.scope))),
  };
}

function scopeBody(status: ScopeStatus, delays: DelaysStatus | undefined): ScopeStatusBody {
  const { scope, view, reports } = status;
  const { lastContact } = view;
  return {
    resource: resourceId(scope.resource),
    name: resourceName(scope.resource),
    kind: scope.resource.kind,
    ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }),
    state: status.state,
    ...(status.error === undefined ? {} : { error: errorBody(status.error) }),
    objects: view.objects,
    bytes: view.bytes,
    epoch: view.epoch,
    ...(view.version === undefined ? {} : { version: view.version }),
    ...(view.horizon === undefined ? {} : { horizon: view.horizon }),
    ...(view.verifiedAt === undefined ? {} : { verifiedAt: time(view.verifiedAt) }),
    ...(view.streamedThrough === undefined ? {} : { streamedThrough: view.streamedThrough }),
    ...(lastContact === undefined ? {} : { lastContact: time(lastContact) }),
    ...(reports.streamer === undefined ? {} : { streamer: streamerBody(reports.streamer) }),
    ...(reports.verifier === undefined ? {} : { verifier: verifierBody(reports.verifier) }),
    ...(reports.merger === undefined ? {} : { merger: mergerBody(reports.merger) }),
    ...(delays === undefined ? {} : { delays }),
  };
}

function streamerBody(report: StreamerReport): StreamerStatus {
  return {
    ...phaseBody(report.state),
    ...progressBody(report.progress),
    events: report.events,
    bookmarks: report.bookmarks,
    lists: report.lists,
    ...(report.initial === undefined ? {} : { initial: report.initial }),
    watches: report.watches,
    ...(report.silentSince === undefined ? {} : { silentSince: time(report.silentSince) }),
    stalls: report.stalls,
    emptied: report.emptied,
    failures: report.failures,
    desyncs: report.desyncs,
    ...(report.clock === undefined ? {} : { clock: clockBody(report.clock) }),
    ...(report.eventLoop === undefined ? {} : { eventLoop: eventLoopBody(report.eventLoop) }),
  };
}

function verifierBody(report: VerifierReport): VerifierStatus {
  return {
    ...phaseBody(report.state),
    ...progressBody(report.progress),
    snapshots: report.snapshots,
    ...(report.mode === undefined ? {} : { mode: report.mode }),
    requests: report.requests,
    asked: report.asked,
    failures: report.failures,
    ...(report.lastContact === undefined ? {} : { lastContact: time(report.lastContact) }),
    ...(report.clock === undefined ? {} : { clock: clockBody(report.clock) }),
  };
}

function clockBody({ lowMs, highMs, samples, at }: ClockOffset): ClockStatus {
  return { lowSeconds: lowMs / 1000, highSeconds: highMs / 1000, samples, at: time(at) };
}

function eventLoopBody({ p99Ms, maxMs }: EventLoopDelay): EventLoopStatus {
  return { p99Seconds: p99Ms / 1000, maxSeconds: maxMs / 1000 };
}

function phaseBody(state: RolePhase): StatusPhase {
  return {
    phase: state.phase,
    since: time(state.since),
    ...("until" in state ? { until: time(state.until) } : {}),
    ...("attempt" in state ? { attempt: state.attempt } : {}),
    ...("reason" in state ? { reason: state.reason } : {}),
  };
}

function progressBody(progress: ListProgress | undefined): { readonly progress?: StatusProgress } {
  if (progress === undefined) return {};
  const { pages, objects, bytes, expected } = progress;
  return { progress: { pages, objects, bytes, ...(expected === undefined ? {} : { expected }) } };
}

function errorBody(error: ErrorReport): ScopeErrorStatus {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.status === undefined ? {} : { status: error.status }),
  };
}
