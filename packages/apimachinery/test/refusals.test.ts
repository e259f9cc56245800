import { DEPLOYMENTS, PODS } from "@krm/core";
import { describe, expect, test } from "vitest";
import {
  encodeContinue,
  expired,
  forbidden,
  methodNotAllowed,
  negotiate,
  notFound,
  notFoundPath,
  parseFieldSelector,
  parseListOptions,
  badRequest,
  StatusError,
  tooLargeResourceVersion,
  unauthorized,
} from "../src/index.ts";
import { fixture, type Refusal } from "./fixtures.ts";

const { refusals } = fixture("refusals") as { refusals: readonly Refusal[] };

/** The refusals that come of a server's state, not of the request alone: which constructor says them. */
const BY_STATE: Readonly<Record<string, (refusal: Refusal) => StatusError>> = {
  "GET /api/v1/namespaces/rec/pods?resourceVersion=100070": () => tooLargeResourceVersion("100070", "214"),
  "GET /api/v1/namespaces/rec/pods?resourceVersion=100070&resourceVersionMatch=NotOlderThan": () =>
    tooLargeResourceVersion("100070", "214"),
  "GET /api/v1/namespaces/rec/pods/missing": () => notFound(PODS, "missing"),
  "GET /api/v1/nothings": () => notFoundPath(),
  "PUT /api/v1/namespaces/rec/pods": () => methodNotAllowed(),
  "POST /api/v1/namespaces/rec/pods": (refusal) =>
    refusal.status.code === 403 ? forbiddenPods("create", refusal) : badRequest(refusal.status.message ?? ""),
  "GET /api/v1/namespaces/rec/pods": (refusal) =>
    refusal.status.code === 401 ? unauthorized() : forbiddenPods("list", refusal),
  "GET /api/v1/namespaces/rec/pods?watch=1&allowWatchBookmarks=true&resourceVersion=254": () =>
    expired("too old resource version: 254 (293)"),
  "GET /api/v1/namespaces/rec/pods?limit=2&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjU0LCJzdGFydCI6Ii9iXHUwMDAwIn0":
    (refusal) => expired(refusal.status.message ?? "", encodeContinue({ resourceVersion: "-1", start: "b\0" })),
  "GET /api/v1/namespaces/rec/pods?resourceVersion=254&resourceVersionMatch=Exact": () =>
    expired("The resourceVersion for the provided list is too old."),
};

function forbiddenPods(verb: string, refusal: Refusal): StatusError {
  return forbidden({ verb, resource: PODS, namespace: "rec", user: refusal.user ?? "" });
}

function refuse(refusal: Refusal): unknown {
  const byState = refusal.accept === undefined ? BY_STATE[`${refusal.method} ${refusal.path}`] : undefined;
  if (byState !== undefined) return byState(refusal);
  const url = new URL(refusal.path, "http://server");
  try {
    negotiate(refusal.accept);
    const options = parseListOptions(url.searchParams, "list");
    parseFieldSelector(options.fieldSelector, url.pathname.includes("/deployments") ? DEPLOYMENTS : PODS);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("what kube-apiserver v1.36.2 refused is refused in the same words", () => {
  test.for(refusals)("$method $path → $status.code", (refusal) => {
    const error = refuse(refusal);
    expect(error).toBeInstanceOf(StatusError);
    // As text: the order of the keys counts too.
    expect(JSON.stringify((error as StatusError).status)).toBe(JSON.stringify(refusal.status));
  });
});

test("an error tells how long to wait, for Retry-After", () => {
  expect(tooLargeResourceVersion("2", "1").retryAfterSeconds).toBe(1);
  expect(notFoundPath().retryAfterSeconds).toBeUndefined();
});
