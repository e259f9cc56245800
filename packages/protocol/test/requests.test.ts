import { describe, expect, it } from "vitest";
import { hasCause, isErrorBody, LIST_PARAMETERS, listPath } from "@krm/protocol";

describe("listPath", () => {
  it("writes every parameter once, escaped", () => {
    const path = listPath("deployments.apps", {
      name: "a",
      namespace: "team-a",
      node: "n1",
      labelSelector: "app in (a,b),!x",
      fieldSelector: "status.phase=Running",
      limit: 5,
      continue: "tok=",
      owner: "uid-1",
      scope: "accessible",
      maxStaleness: "30s",
      resourceVersion: "7",
      resourceVersionMatch: "NotOlderThan",
    });
    const url = new URL(path, "http://krm");
    expect(url.pathname).toBe("/deployments.apps");
    expect(url.searchParams.get("labelSelector")).toBe("app in (a,b),!x");
    const known = LIST_PARAMETERS.filter((name) => name !== "label_selector");
    expect([...url.searchParams.keys()].toSorted()).toEqual(known.toSorted());
  });

  it("leaves out what is not asked", () => {
    expect(listPath("pods")).toBe("/pods");
    expect(listPath("pods", { namespace: "", name: undefined })).toBe("/pods");
  });

  it.each(["..", ".", "", "../status", "pods?", "pods/..", "pods..apps", "%2e%2e", "Pods", "v1/pods"])(
    "makes no path of %j, which is no name of a resource",
    (resource) => {
      expect(() => listPath(resource)).toThrow(RangeError);
      expect(() => listPath(resource)).toThrow(`resource is ${JSON.stringify(resource)}: give a name such as "pods"`);
    },
  );
});

describe("error bodies", () => {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "syncing",
    reason: "ServiceUnavailable",
    details: { causes: [{ reason: "ViewSyncing" }], retryAfterSeconds: 1 },
    code: 503,
  };

  it("are told from other answers", () => {
    expect(isErrorBody(body)).toBe(true);
    expect(isErrorBody({ kind: "PodList", items: [] })).toBe(false);
    expect(isErrorBody("Status")).toBe(false);
    expect(isErrorBody(null)).toBe(false);
  });

  it("tell their cause", () => {
    if (!isErrorBody(body)) throw new Error("not an error body");
    expect(hasCause(body, "ViewSyncing")).toBe(true);
    expect(hasCause(body, "ViewTooStale")).toBe(false);
  });
});
