import { alreadyExists, badRequest, conflict, invalid, type StatusError } from "@krm/apimachinery";
import { apiVersionOf } from "@krm/core";
import type { SeededRandom } from "../random/seeded-random.ts";
import { copyUnfrozen, orderMembers, shareUnchanged, sortMembers } from "./json-value.ts";
import { type CreateContext, kindRules } from "./kinds/kind-rules.ts";
import { changedFields, managedFieldsAfter, type ManagedFieldsEntry } from "./managed-fields.ts";
import { isJsonObject, type JsonObject, objectAt, type SimMeta, type SimObject, textAt } from "./sim-object.ts";
import type { SimResource } from "./sim-resource.ts";

/** Who writes, when, and to which part. */
export interface Writer {
  readonly manager: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
  readonly subresource: "status" | undefined;
}

const METADATA_ORDER = [
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
];
/** Metadata that only the server sets. */
const SERVER_METADATA = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
] as const;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
/** Without vowels and look-alikes, as the API server appends to `generateName`. */
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** What a new object needs of its surroundings. */
export interface CreateInput extends CreateContext {
  readonly random: SeededRandom;
  readonly namespace: string | undefined;
  exists(namespace: string, name: string): boolean;
}

/**
 * A new object out of what a writer sent, as the API server would store it, but for `resourceVersion`.
 *
 * @throws StatusError for a name that is missing, malformed or taken, or content that is for another resource.
 */
export function newObject(resource: SimResource, sent: JsonObject, writer: Writer, input: CreateInput): SimObject {
  checkKind(resource, sent);
  const draft = copyUnfrozen(sent);
  const given = { ...objectAt(draft, "metadata") };
  if (textAt(given, "resourceVersion") !== "") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const namespace = resource.namespaced ? namespaceOf(given, input.namespace) : "";
  const generateName = textAt(given, "generateName");
  const name = textAt(given, "name") || freeName(resource, generateName, namespace, input);
  checkName(resource, name);
  if (input.exists(namespace, name)) throw alreadyExists(resource, name);
  for (const member of SERVER_METADATA) delete given[member];
  delete given["namespace"];
  const rules = kindRules(resource);
  const object: JsonObject = { ...draft, metadata: { ...given, name, ...(namespace === "" ? {} : { namespace }) } };
  rules.defaults?.(object);
  const { status: _, ...owned } = object;
  const fields = changedFields({}, resource.subresources.includes("status") ? owned : object, resource.custom);
  rules.create?.(object, input);
  if (resource.custom && resource.subresources.includes("status")) delete object["status"];
  const managedFields = managedFieldsAfter([], fields, {}, object, {
    ...writer,
    apiVersion: apiVersionOf(resource),
  });
  return shaped(resource, object, {
    ...objectAt(object, "metadata"),
    uid: input.random.uuid(),
    resourceVersion: "",
    ...(rules.generation ? { generation: 1 } : {}),
    creationTimestamp: writer.time,
    ...(managedFields.length === 0 ? {} : { managedFields: [...managedFields] }),
  });
}

/**
 * `current` changed to what a writer sent, but for `resourceVersion`; `current` itself where that changes nothing.
 * Unchanged parts are shared with it. What the server owns, and what the subresource does not cover, stays.
 *
 * @throws StatusError Conflict when `sent` names another version or another life of the object; Invalid when it must name
 * one and does not.
 */
export function changedObject(resource: SimResource, current: SimObject, sent: JsonObject, writer: Writer): SimObject {
  checkKind(resource, sent);
  const draft = copyUnfrozen(sent);
  const given = objectAt(draft, "metadata");
  const resourceVersion = textAt(given, "resourceVersion") || undefined;
  checkPreconditions(resource, current, { uid: textAt(given, "uid") || undefined, resourceVersion });
  if (resourceVersion === undefined && kindRules(resource).versionRequired === true) {
    throw versionMissing(resource, current.metadata.name);
  }
  const hasStatus = resource.subresources.includes("status");
  const next: JsonObject =
    writer.subresource === "status"
      ? { ...current, status: statusOf(resource, draft, current) }
      : { ...draft, metadata: clientMetadata(current, given) };
  if (writer.subresource !== "status") {
    if (hasStatus) next["status"] = current["status"];
    kindRules(resource).defaults?.(next);
    keepAllocated(resource, current, next);
  }
  const proposed = shaped(resource, next, objectAt(next, "metadata"));
  const shared = shareUnchanged(current, proposed) as SimObject;
  if (shared === current) return current;
  const fields = changedFields(current, shared, resource.custom);
  const before = (current.metadata.managedFields ?? []) as readonly ManagedFieldsEntry[];
  const managedFields = managedFieldsAfter(before, fields, current, shared, {
    ...writer,
    apiVersion: apiVersionOf(resource),
  });
  const metadata: JsonObject = { ...shared.metadata };
  if (managedFields.length > 0) metadata["managedFields"] = managedFields;
  else delete metadata["managedFields"];
  if (kindRules(resource).generation && specChanged(resource, current, shared)) {
    metadata["generation"] = (current.metadata.generation ?? 0) + 1;
  }
  return { ...shared, metadata: orderedMetadata(resource, metadata) };
}

/**
 * Checks what a writer demands of the current state.
 *
 * @throws StatusError Conflict.
 */
export function checkPreconditions(
  resource: SimResource,
  current: SimObject,
  demanded: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
): void {
  const { uid, resourceVersion, name } = current.metadata;
  if (demanded.uid !== undefined && demanded.uid !== uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${demanded.uid}, UID in object meta: ${uid}`,
    );
  }
  if (demanded.resourceVersion !== undefined && demanded.resourceVersion !== resourceVersion) {
    throw conflict(resource, name);
  }
}

/** A copy of an object with other metadata, members in the API's order. */
export function withMetadata(resource: SimResource, object: SimObject, changes: Partial<SimMeta>): SimObject {
  return { ...object, metadata: orderedMetadata(resource, { ...object.metadata, ...changes }) };
}

function statusOf(resource: SimResource, sent: JsonObject, current: SimObject): JsonObject {
  const status = objectAt(sent, "status");
  return kindRules(resource).status?.(status, objectAt(current, "status")) ?? status;
}

function versionMissing({ group, resource }: SimResource, name: string): StatusError {
  const message = "Invalid value: 0: must be specified for an update";
  const field = "metadata.resourceVersion";
  return invalid({ group, kind: resource }, name, [{ reason: "FieldValueInvalid", message, field }]);
}

function checkKind(resource: SimResource, sent: JsonObject): void {
  const kind = textAt(sent, "kind") || resource.kind;
  const apiVersion = textAt(sent, "apiVersion") || apiVersionOf(resource);
  if (kind === resource.kind && apiVersion === apiVersionOf(resource)) return;
  throw badRequest(
    `${kind} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${resource.kind}: no kind ${JSON.stringify(kind)} is registered here for version ${JSON.stringify(apiVersionOf(resource))}`,
  );
}

function checkName(resource: SimResource, name: string): void {
  const isDnsLabel = resource.resource === "namespaces" || resource.resource === "services";
  if (NAME.test(name) && name.length <= (isDnsLabel ? 63 : 253)) return;
  const value = JSON.stringify(name);
  throw invalid(resource, name, [
    { reason: "FieldValueInvalid", message: `Invalid value: ${value}: ${NAME_RULE}`, field: "metadata.name" },
  ]);
}

function freeName(resource: SimResource, generateName: string, namespace: string, input: CreateInput): string {
  if (generateName === "") {
    throw invalid(resource, "", [
      {
        reason: "FieldValueRequired",
        message: "Required value: name or generateName is required",
        field: "metadata.name",
      },
    ]);
  }
  // Upstream cuts the base so that the name fits into 63 characters, and tries eight times.
  for (let attempt = 0; attempt < 8; attempt++) {
    const name = generateName.slice(0, 58) + input.random.text(5, SUFFIX_ALPHABET);
    if (!input.exists(namespace, name)) return name;
  }
  throw alreadyExists(resource, generateName);
}

function namespaceOf(given: JsonObject, asked: string | undefined): string {
  const own = textAt(given, "namespace");
  if (asked !== undefined && asked !== "" && own !== "" && own !== asked) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return own || asked || "default";
}

function clientMetadata(current: SimObject, given: JsonObject): JsonObject {
  const metadata: JsonObject = { ...given };
  for (const member of [...SERVER_METADATA, "name", "namespace", "generateName"] as const) {
    const own = current.metadata[member];
    if (own === undefined) delete metadata[member];
    else metadata[member] = own;
  }
  return metadata;
}

/** Addresses and ports that the server handed out stay where a writer leaves them out. */
function keepAllocated(resource: SimResource, current: SimObject, next: JsonObject): void {
  if (resource.resource !== "services" || resource.group !== "") return;
  const before = objectAt(current, "spec");
  const spec = objectAt(next, "spec");
  for (const member of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) {
    if (spec[member] === undefined && before[member] !== undefined) spec[member] = before[member];
  }
}

function specChanged(resource: SimResource, before: SimObject, after: SimObject): boolean {
  if (!resource.custom) return before["spec"] !== after["spec"];
  return Object.keys({ ...before, ...after }).some(
    (member) => member !== "metadata" && member !== "status" && before[member] !== after[member],
  );
}

function shaped(resource: SimResource, object: JsonObject, metadata: JsonObject): SimObject {
  const { kind: _k, apiVersion: _a, metadata: _m, ...rest } = object;
  const identity = { kind: resource.kind, apiVersion: apiVersionOf(resource) };
  const ordered = { metadata: orderedMetadata(resource, metadata), ...orderMembers(rest, ["spec", "data"]) };
  const whole = { ...identity, ...ordered };
  return resource.custom ? (sortMembers(whole) as SimObject) : whole;
}

function orderedMetadata(resource: SimResource, metadata: JsonObject): SimMeta {
  const sorted: JsonObject = { ...metadata };
  for (const map of ["labels", "annotations"]) {
    const value = sorted[map];
    if (!isJsonObject(value) || Object.keys(value).length === 0) delete sorted[map];
    else if (!Object.isFrozen(value)) sorted[map] = sortMembers(value);
  }
  for (const list of ["finalizers", "ownerReferences"]) {
    const value = sorted[list];
    if (!Array.isArray(value) || value.length === 0) delete sorted[list];
  }
  return (resource.custom ? sortMembers(sorted) : orderMembers(sorted, METADATA_ORDER)) as SimMeta;
}
