import {
  DESYNC_CAUSES,
  type ErrorReport,
  PODS,
  type RolePhase,
  type Standing,
  type StreamerReport,
  type VerifierReport,
} from "@krm/core";
import { describe, expect, it } from "vitest";
import { newsOf, type Told } from "../src/monitoring/condition-news.ts";
import { roleConditions } from "../src/roles/role-news.ts";
import type { ScopeRole } from "../src/roles/scope-role.ts";

const REFUSED: ErrorReport = {
  code: "KRM_CONNECTION",
  message: "connection refused",
  hint: "is it running?",
  status: undefined,
};
const DENIED: ErrorReport = { code: "KRM_API_STATUS", message: "denied", hint: undefined, status: 403 };

const failing = (attempt: number, error = REFUSED): RolePhase => ({
  phase: "backing-off",
  since: 0,
  until: 1,
  attempt,
  error,
});
const BLOCKED: RolePhase = { phase: "blocked", since: 0, until: 1, reason: "forbidden", error: DENIED };

function streamer(state: RolePhase | undefined, standing: Standing = "holding", namespace?: string): ScopeRole {
  const report: StreamerReport | undefined = state && {
    state,
    progress: undefined,
    lastContact: undefined,
    events: 0,
    bookmarks: 0,
    lists: 0,
    initial: undefined,
    watches: 0,
    silentSince: undefined,
    stalls: 0,
    emptied: 0,
    failures: 0,
    desyncs: Object.fromEntries(DESYNC_CAUSES.map((cause) => [cause, 0])) as StreamerReport["desyncs"],
  };
  return { role: "streamer", scope: { resource: PODS, namespace }, standing, report, queued: 0, run: async () => {} };
}

function verifier(state: RolePhase | undefined, mode?: VerifierReport["mode"]): ScopeRole {
  const report: VerifierReport | undefined = state && {
    state,
    progress: undefined,
    lastContact: undefined,
    snapshots: 0,
    mode,
    requests: 0,
    asked: 0,
    failures: 0,
  };
  return { role: "verifier", scope: { resource: PODS }, standing: "holding", report, queued: 0, run: async () => {} };
}

function merger(commits: number): ScopeRole {
  const scope = { resource: PODS };
  return { role: "merger", scope, standing: "holding", report: undefined, queued: 0, commits, run: async () => {} };
}

/** What is told of one look after the other. */
function told(...looks: readonly (readonly ScopeRole[])[]): string[] {
  let before: Told = new Map();
  return looks.flatMap((look) => {
    const { news, told: after } = newsOf(roleConditions(look), before);
    before = after;
    return news.map(({ level, text }) => `${level} ${text}`);
  });
}

describe("news of a role", () => {
  it("tell who has it, each time that this changes", () => {
    const at = (standing: Standing): ScopeRole[] => [streamer({ phase: "watching", since: 0 }, standing)];
    expect(told(at("standing-by"), at("standing-by"), at("holding"), at("holding"), at("standing-by"))).toEqual([
      "info pods: streamed by another process; this one stands by",
      "info pods: streamed by this process",
      "info pods: watching",
      "info pods: streamed by another process; this one stands by",
    ]);
  });

  it("leave a store that does not answer to those who tell it once", () => {
    const at = (standing: Standing): ScopeRole[] => [streamer({ phase: "watching", since: 0 }, standing)];
    expect(told(at("waiting-for-store"))).toEqual([]);
    expect(told(at("holding"), at("waiting-for-store"), at("holding"))).toEqual([
      "info pods: streamed by this process",
      "info pods: watching",
      // What it does begins anew.
      "info pods: watching",
    ]);
  });

  it("of several namespaces come in one line", () => {
    const both = ["a", "b"].map((namespace) => streamer({ phase: "watching", since: 0 }, "holding", namespace));
    expect(told(both)).toEqual([
      "info pods in a, pods in b: streamed by this process",
      "info pods in a, pods in b: watching",
    ]);
  });

  it("tell a stream's trouble when it goes on, and its end; not each try, nor the end of a watch in good order", () => {
    const looks: RolePhase[] = [
      { phase: "listing", since: 0 },
      { phase: "watching", since: 0 },
      { phase: "connecting", since: 0 },
      { phase: "watching", since: 0 },
      failing(1),
      { phase: "connecting", since: 0 },
      failing(2),
      { phase: "connecting", since: 0 },
      failing(3),
      BLOCKED,
      { phase: "listing", since: 0 },
      BLOCKED,
      { phase: "watching", since: 0 },
    ];
    expect(told(...looks.map((state) => [streamer(state)]))).toEqual([
      "info pods: streamed by this process",
      "info pods: watching",
      "warn pods: not streamed, trying on: connection refused. Is it running?",
      "warn pods: forbidden: denied",
      "info pods: watching",
    ]);
  });

  it("tell a resource that cannot be watched", () => {
    const polling: RolePhase = { phase: "polling", since: 0, until: 1, reason: "not-watchable" };
    expect(told([streamer(polling)]).at(-1)).toBe("info pods: it cannot be watched, so it is listed now and then");
  });

  it("tell what a verifier waits for, and how it fares", () => {
    const waiting: RolePhase = { phase: "waiting", since: 0, until: 1 };
    const looks = [undefined, undefined, waiting, { phase: "listing", since: 0 } as const, waiting, failing(1)];
    const more = [failing(2), waiting, BLOCKED];
    expect(told(...[...looks, ...more].map((state) => [verifier(state)]))).toEqual([
      "info pods: verified by this process",
      "info pods: nothing to verify before the first list is merged; waiting for it",
      "info pods: verifying now and then",
      "warn pods: not verified, trying on: connection refused. Is it running?",
      "info pods: verifying now and then",
      "warn pods: forbidden: denied",
    ]);
  });

  it("tell how a verifier lists, when that changes", () => {
    const waiting: RolePhase = { phase: "waiting", since: 0, until: 1 };
    const modes = [undefined, "exact-metadata", "exact-metadata", "latest-full"] as const;
    expect(told(...modes.map((mode) => [verifier(waiting, mode)])).slice(1)).toEqual([
      "info pods: verifying now and then",
      "info pods: verifying now and then (exact-metadata)",
      "info pods: verifying now and then (latest-full)",
    ]);
  });

  it("tell when a merger has something to merge", () => {
    expect(told([merger(0)], [merger(0)], [merger(1)], [merger(2)])).toEqual([
      "info pods: merged by this process",
      "info pods: waiting for what the streamer tells",
      "info pods: merging",
    ]);
  });

  it("are for programs too", () => {
    const { news } = newsOf(roleConditions([streamer(BLOCKED, "holding", "a")]), new Map());
    expect(news.map(({ about }) => about)).toEqual([
      { standing: "holding", role: "streamer", scopes: ["v1/pods@a"] },
      {
        role: "streamer",
        doing: "forbidden",
        err: expect.objectContaining({ code: "KRM_API_STATUS" }),
        scopes: ["v1/pods@a"],
      },
    ]);
  });
});
