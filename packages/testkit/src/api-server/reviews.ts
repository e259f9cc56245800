import { badRequest, methodNotAllowed } from "@krm/apimachinery";
import { apiVersionOf, type ResourceType } from "@krm/core";
import { changedFields } from "../cluster/managed-fields.ts";
import { isJsonObject, type JsonObject, listAt, objectAt, textAt } from "../cluster/sim-object.ts";
import { type AccessAttributes, AUDIENCE, type UserInfo, type Users } from "./users.ts";

/** The reviews that are served: resources that keep nothing, a POST is answered at once. */
export const REVIEWS: readonly ResourceType[] = [
  review("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
  review("authentication.k8s.io", "tokenreviews", "TokenReview"),
  review("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
  review("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
];

/** Who sent a review. */
export interface ReviewAsker {
  readonly user: UserInfo;
  /** What it calls itself. */
  readonly manager: string;
  /** When, as Kubernetes writes it. */
  readonly time: string;
}

/** Answers a review. @throws StatusError 400 for one that cannot be understood. */
export function answerReview(users: Users, resource: ResourceType, object: JsonObject, asker: ReviewAsker): JsonObject {
  const spec = inOrder(objectAt(object, "spec"));
  const apiVersion = apiVersionOf(resource);
  const metadata = {
    ...objectAt(object, "metadata"),
    managedFields: [
      {
        manager: asker.manager,
        operation: "Update",
        apiVersion,
        time: asker.time,
        fieldsType: "FieldsV1",
        fieldsV1: changedFields({}, object, false) ?? {},
      },
    ],
  };
  const head = { kind: resource.kind, apiVersion, metadata, spec };
  switch (resource.kind) {
    case "SelfSubjectReview": {
      const { username, uid, groups } = asker.user;
      return { kind: head.kind, apiVersion, metadata, status: { userInfo: { username, uid, groups } } };
    }
    case "TokenReview":
      return { ...head, status: tokenStatus(users, spec) };
    case "SelfSubjectAccessReview":
      return { ...head, status: accessStatus(users, asker.user, spec) };
    case "SubjectAccessReview": {
      const groups = listAt(spec, "groups").filter((group) => typeof group === "string");
      const username = textAt(spec, "user");
      if (username === "" && groups.length === 0) throw badRequest("at least one of user or group must be specified");
      return { ...head, status: accessStatus(users, { username, groups }, spec) };
    }
    default:
      throw methodNotAllowed();
  }
}

/** The members of a spec, and of its attributes, in the order in which Go declares them. */
const MEMBER_ORDER: readonly string[] = [
  "resourceAttributes",
  "nonResourceAttributes",
  "user",
  "groups",
  "extra",
  "uid",
  "token",
  "audiences",
  "namespace",
  "path",
  "verb",
  "group",
  "version",
  "resource",
  "subresource",
  "name",
];

function inOrder(object: JsonObject): JsonObject {
  const names = [
    ...MEMBER_ORDER.filter((name) => name in object),
    ...Object.keys(object).filter((name) => !MEMBER_ORDER.includes(name)),
  ];
  return Object.fromEntries(
    names.map((name) => [name, isJsonObject(object[name]) ? inOrder(object[name]) : object[name]]),
  );
}

function tokenStatus(users: Users, spec: JsonObject): JsonObject {
  const token = textAt(spec, "token");
  const issuedFor = users.audiencesOf(token);
  if (issuedFor.length === 0) return { user: {}, error: "invalid bearer token" };
  const asked = listAt(spec, "audiences").map(String);
  const wanted = asked.length === 0 ? [AUDIENCE] : asked;
  const audiences = issuedFor.filter((one) => wanted.includes(one));
  const user = users.byToken(token, wanted);
  if (user === undefined) {
    const [held, told] = [issuedFor, wanted].map((list) => `["${list.join(" ")}"]`);
    return { user: {}, error: `token audiences ${held} is invalid for the target audiences ${told}` };
  }
  const { groups, uid, username } = user;
  return { authenticated: true, user: { username, uid, groups }, audiences };
}

function accessStatus(users: Users, who: Pick<UserInfo, "username" | "groups">, spec: JsonObject): JsonObject {
  return { allowed: users.allows(who, attributesOf(spec)) };
}

function attributesOf(spec: JsonObject): AccessAttributes {
  const path = spec["nonResourceAttributes"];
  if (isJsonObject(path)) return { type: "path", verb: textAt(path, "verb"), path: textAt(path, "path") };
  const resource = spec["resourceAttributes"];
  if (!isJsonObject(resource)) {
    throw badRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  return {
    type: "resource",
    verb: textAt(resource, "verb"),
    group: textAt(resource, "group"),
    resource: textAt(resource, "resource"),
    subresource: textAt(resource, "subresource"),
    namespace: textAt(resource, "namespace"),
    name: textAt(resource, "name"),
  };
}

function review(group: string, resource: string, kind: string): ResourceType {
  return {
    group,
    version: "v1",
    resource,
    kind,
    listKind: `${kind}List`,
    singular: kind.toLowerCase(),
    shortNames: [],
    namespaced: false,
    custom: false,
  };
}
