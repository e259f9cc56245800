import { expect, test } from "vitest";
import { requestInfo, watchQuery } from "../src/index.ts";

/** verb, group/version, namespace, resource, name, subresource */
test.for<[request: string, ...expected: string[]]>([
  ["GET /api/v1/pods", "list", "/v1", "", "pods", "", ""],
  ["HEAD /api/v1/pods", "list", "/v1", "", "pods", "", ""],
  ["GET /api/v1/pods?watch", "watch", "/v1", "", "pods", "", ""],
  ["GET /api/v1/namespaces/a/pods", "list", "/v1", "a", "pods", "", ""],
  ["GET /api/v1/namespaces/a/pods/b", "get", "/v1", "a", "pods", "b", ""],
  ["GET /api/v1/namespaces/a/pods/b?watch", "get", "/v1", "a", "pods", "b", ""],
  ["GET /api/v1/namespaces/a/pods/b/status", "get", "/v1", "a", "pods", "b", "status"],
  ["GET /api/v1/namespaces/a/pods/b/proxy/x/y", "get", "/v1", "a", "pods", "b", "proxy/x/y"],
  ["GET /api/v1/namespaces", "list", "/v1", "", "namespaces", "", ""],
  ["GET /api/v1/namespaces/a", "get", "/v1", "", "namespaces", "a", ""],
  ["GET /api/v1/namespaces/a/status", "get", "/v1", "", "namespaces", "a", "status"],
  ["GET /api/v1/nodes/a%2Fb", "get", "/v1", "", "nodes", "a/b", ""],
  ["GET /api/v1/nodes/%zz", "get", "/v1", "", "nodes", "%zz", ""],
  ["GET /apis/apps/v1/deployments/", "list", "apps/v1", "", "deployments", "", ""],
  ["GET /apis/apps/v1/namespaces/a/deployments/b", "get", "apps/v1", "a", "deployments", "b", ""],
  ["GET /api/v1/watch/namespaces/a/pods/b", "watch", "/v1", "a", "pods", "b", ""],
  ["GET /api/v1/watch", "list", "/v1", "", "watch", "", ""],
  ["DELETE /api/v1/namespaces/a/pods", "deletecollection", "/v1", "a", "pods", "", ""],
  ["DELETE /api/v1/namespaces/a/pods/b", "delete", "/v1", "a", "pods", "b", ""],
  ["OPTIONS /api/v1/pods", "options", "/v1", "", "pods", "", ""],
])("%s", ([request, ...expected]) => {
  const [method = "", target = ""] = request.split(" ");
  const [path = "", query] = target.split("?");
  const info = requestInfo(method, path, query === "watch");
  if (info.type === "path") throw new Error("it asks for objects");
  const { group, name, namespace, resource, subresource, verb, version } = info;
  expect([verb, `${group}/${version}`, namespace, resource, name, subresource]).toEqual(expected);
});

test.for(["/", "/version", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz/ping"])(
  "%s is a path that holds no objects",
  (path) => {
    expect(requestInfo("GET", path, false)).toEqual({ type: "path", verb: "get", path });
  },
);

test("a watch of one name is a field selector, in place of any other", () => {
  const query = new URLSearchParams("fieldSelector=spec.nodeName%3Dn&timeoutSeconds=1");
  expect(watchQuery(query, "")).toBe(query);
  expect(watchQuery(query, "x").toString()).toBe("fieldSelector=metadata.name%3Dx&timeoutSeconds=1");
});
