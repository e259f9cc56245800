import { type ErrorReport, MemoryStore, NODES, PODS, type ScopeState, type ScopeStatus } from "@krm/core";
import { describe, expect, it } from "vitest";
import { newsOf, type Told } from "../src/monitoring/condition-news.ts";
import { FIRST_CONDITION, scopeCondition } from "../src/monitoring/scope-news.ts";

const EMPTY = await new MemoryStore().scope({ resource: PODS }).meta();

const REFUSED: ErrorReport = {
  code: "KRM_CONNECTION",
  message: "connection refused",
  hint: "is it running?",
  status: undefined,
};

function status(
  scope: ScopeStatus["scope"],
  state: ScopeState,
  error?: ErrorReport,
  reports: ScopeStatus["reports"] = {},
): ScopeStatus {
  return { scope, state, view: { ...EMPTY, objects: 3 }, reports, error };
}

/** What is told of one look after the other. */
function told(...looks: readonly (readonly ScopeStatus[])[]): string[] {
  let before: Told = new Map();
  return looks.flatMap((look) => {
    const { news, told: after } = newsOf(look.map(scopeCondition), before, { before: FIRST_CONDITION });
    before = after;
    return news.map(({ level, text }) => `${level} ${text}`);
  });
}

const pods = { resource: PODS };
const nodes = { resource: NODES };

describe("news of scopes", () => {
  it("are told once, and scopes with the same trouble in one line", () => {
    const away = [status(pods, "syncing", REFUSED), status(nodes, "syncing", REFUSED)];
    expect(told([status(pods, "syncing"), status(nodes, "syncing")], away, away)).toEqual([
      "warn pods, nodes: not synced yet, trying on: connection refused. Is it running?",
    ]);
  });

  it("tell when it is well, with the number of objects", () => {
    expect(told([status(pods, "synced"), status({ resource: PODS, namespace: "a" }, "synced")])).toEqual([
      "info pods (3), pods in a (3): synced",
    ]);
  });

  it("are none while it tries again, when the error is not there for a moment", () => {
    const looks = [status(pods, "stale", REFUSED), status(pods, "stale"), status(pods, "stale", REFUSED)];
    expect(told([status(pods, "synced")], ...looks.map((look) => [look]))).toHaveLength(2);
  });

  it("tell another error, and the return", () => {
    const denied: ErrorReport = { code: "KRM_API_STATUS", message: "denied", hint: undefined, status: 403 };
    const looks = [status(pods, "stale", REFUSED), status(pods, "forbidden", denied), status(pods, "synced")];
    expect(told([status(pods, "synced")], ...looks.map((look) => [look]))).toEqual([
      "info pods (3): synced",
      "warn pods: stale, trying on: connection refused. Is it running?",
      "warn pods: forbidden: denied",
      "info pods (3): synced",
    ]);
  });

  it("tell another mend for the same code: a server that is back under another authority", () => {
    const unknown: ErrorReport = { ...REFUSED, message: "not signed by the authority", hint: "check the CA" };
    const broken: ErrorReport = { ...REFUSED, message: "the connection broke", hint: undefined };
    const looks = [REFUSED, broken, unknown, unknown].map((error) => [status(pods, "stale", error)]);
    expect(told([status(pods, "synced")], ...looks)).toEqual([
      "info pods (3): synced",
      "warn pods: stale, trying on: connection refused. Is it running?",
      "warn pods: stale, trying on: not signed by the authority. Check the CA",
    ]);
  });

  it("tell of verification only what goes on", () => {
    const verifier = (attempt: number): ScopeStatus["reports"] => ({
      verifier: {
        state: { phase: "backing-off", since: 0, until: 1, attempt, error: REFUSED },
        progress: undefined,
        lastContact: undefined,
        snapshots: 0,
        mode: undefined,
        requests: 0,
        asked: 0,
        failures: attempt,
      },
    });
    const look = (attempt: number): ScopeStatus[] => [status(pods, "synced", undefined, verifier(attempt))];
    expect(told(look(1), look(2), look(3))).toEqual([
      "info pods (3): synced",
      "warn pods: cannot be verified: connection refused. Is it running?",
    ]);
  });

  it("are for programs too", () => {
    expect(
      newsOf([scopeCondition(status(pods, "stale", REFUSED))], new Map(), { before: FIRST_CONDITION }).news[0]?.about,
    ).toEqual({
      state: "stale",
      scopes: ["v1/pods"],
      err: expect.objectContaining({ code: "KRM_CONNECTION" }),
    });
  });
});
