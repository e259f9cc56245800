import { DEPLOYMENTS, NODES } from "@krm/core";
import { expect, test } from "vitest";
import {
  alreadyExists,
  conflict,
  forbidden,
  forbiddenPath,
  internalError,
  invalid,
  notAcceptable,
  notFound,
  serviceUnavailable,
  statusError,
  StatusError,
  tooManyRequests,
} from "../src/index.ts";

test("a resource of a named group is told with its group, by type and by name alike", () => {
  for (const resource of [DEPLOYMENTS, "deployments.apps"]) {
    expect(notFound(resource, "web").status).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'deployments.apps "web" not found',
      reason: "NotFound",
      details: { name: "web", group: "apps", kind: "deployments" },
      code: 404,
    });
  }
});

test("forbidden tells who, what and where, and why if it is known", () => {
  expect(forbidden({ verb: "list", resource: NODES, user: "ann" }).message).toBe(
    'nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope',
  );
  const request = {
    verb: "get",
    resource: DEPLOYMENTS,
    subresource: "scale",
    namespace: "a",
    name: "web",
    user: "ann",
  };
  expect(forbidden({ ...request, reason: "no rule" }).message).toBe(
    'deployments.apps "web" is forbidden: User "ann" cannot get resource "deployments/scale" in API group "apps" in the namespace "a": no rule',
  );
  expect(forbiddenPath({ verb: "get", path: "/metrics", user: "ann" }).message).toBe(
    'forbidden: User "ann" cannot get path "/metrics"',
  );
});

test("a name and a version that are taken", () => {
  expect(alreadyExists("pods", "a").message).toBe('pods "a" already exists');
  expect(conflict("pods", "a").status).toMatchObject({
    code: 409,
    reason: "Conflict",
    message:
      'Operation cannot be fulfilled on pods "a": the object has been modified; please apply your changes to the latest version and try again',
  });
});

test("broken rules are told one by one, equal ones once", () => {
  const cause = { reason: "FieldValueRequired", message: "Required value", field: "spec.containers" };
  const other = { ...cause, field: "metadata.name" };
  expect(invalid("Pod", "a", []).message).toBe('Pod "a" is invalid');
  expect(invalid("Pod", "a", [cause]).message).toBe('Pod "a" is invalid: spec.containers: Required value');
  expect(invalid(DEPLOYMENTS, "a", [cause, other, cause]).message).toBe(
    'Deployment.apps "a" is invalid: [spec.containers: Required value, metadata.name: Required value]',
  );
});

test("errors that pass say when to come back", () => {
  expect(tooManyRequests(3).retryAfterSeconds).toBe(3);
  expect(serviceUnavailable("starting", 5).retryAfterSeconds).toBe(5);
  expect(serviceUnavailable("starting").status.details).toBeUndefined();
});

test("an internal error tells its cause", () => {
  expect(internalError("disk full").status).toMatchObject({
    code: 500,
    message: "Internal error occurred: disk full",
    details: { causes: [{ message: "disk full" }] },
  });
});

test("what is not printable is escaped as the API server does", () => {
  expect(notFound("pods", 'a"\\\n\u0001\u00e9\u200b').message).toBe('pods "a\\"\\\\\\n\\x01é\\u200b" not found');
});

test("what there is can be named", () => {
  expect(notAcceptable(["application/json"]).message).toBe(
    "406: Not Acceptable\n\nAvailable representations: application/json",
  );
});

test("a Status is an Error too", () => {
  const error = statusError({ code: 500, message: "resourceVersion: bad" });
  expect(error).toBeInstanceOf(StatusError);
  expect(error.message).toBe("resourceVersion: bad");
  expect("reason" in error.status).toBe(false);
});
