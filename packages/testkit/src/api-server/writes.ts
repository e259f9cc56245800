import {
  badRequest,
  conflict,
  methodNotAllowed,
  notFoundPath,
  parseListOptions,
  type ResourceRequestInfo,
  StatusError,
} from "@krm/apimachinery";
import { kindRules } from "../cluster/kinds/kind-rules.ts";
import type { SimCluster, SimWriteOptions } from "../cluster/sim-cluster.ts";
import { isJsonObject, type JsonObject, objectAt, type SimObject, textAt } from "../cluster/sim-object.ts";
import type { SimResource } from "../cluster/sim-resource.ts";
import { objectFilter } from "./object-filter.ts";
import { decodeDeleteOptions, decodeObject, mediaType, unsupportedMediaType } from "./request-body.ts";

/** A write as it came: its body is read, but not yet understood. */
export interface WriteRequest {
  readonly info: ResourceRequestInfo;
  readonly resource: SimResource;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  /** Who writes, for managedFields. */
  readonly manager: string | undefined;
  readonly body: Buffer;
}

/** What a write came to. */
export type WriteResult =
  | { readonly type: "object"; readonly status: number; readonly object: SimObject }
  | { readonly type: "list"; readonly items: readonly SimObject[]; readonly resourceVersion: string }
  | { readonly type: "value"; readonly status: number; readonly value: object };

/** Resources whose deletion is answered with the object rather than with a Status. Upstream `ReturnDeletedObject`. */
const RETURNS_DELETED = new Set(["pods", "services", "serviceaccounts", "persistentvolumeclaims"]);

const PATCH_TYPES: readonly string[] = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

/** Does what a POST, PUT, PATCH or DELETE asks for. @throws StatusError as the API server would answer. */
export function write(cluster: SimCluster, request: WriteRequest): WriteResult {
  const { info, query, resource } = request;
  if (query.has("dryRun")) {
    throw badRequest("dryRun is not supported by the simulated API server: leave the parameter out");
  }
  if (info.subresource !== "" && !(resource.subresources as readonly string[]).includes(info.subresource)) {
    throw notFoundPath();
  }
  if (resource.namespaced && info.namespace === "" && info.name !== "") throw notFoundPath();
  if (!(resource.verbs as readonly string[]).includes(info.verb)) throw methodNotAllowed();
  // Objects are made in a collection; all other writes but one are for one object.
  if ((info.name === "") !== (info.verb === "create" || info.verb === "deletecollection")) throw methodNotAllowed();
  switch (info.verb) {
    case "create":
      return create(cluster, request);
    case "update":
      return info.subresource === "scale" ? putScale(cluster, request) : update(cluster, request);
    case "patch":
      return info.subresource === "scale" ? patchScale(cluster, request) : patch(cluster, request);
    case "delete":
      return remove(cluster, request);
    case "deletecollection":
      return removeAll(cluster, request);
    default:
      throw methodNotAllowed();
  }
}

/** The Scale of an object that has replicas. Upstream `autoscaling/v1`. */
export function scaleOf(object: SimObject): object {
  const { creationTimestamp, name, namespace, resourceVersion, uid } = object.metadata;
  const labels = objectAt(objectAt(object["spec"], "selector"), "matchLabels");
  const selector = Object.entries(labels).map(([label, value]) => `${label}=${String(value)}`);
  const replicas = (part: string): unknown => objectAt(object, part)["replicas"] ?? 0;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: replicas("spec") },
    status: { replicas: replicas("status"), selector: selector.join(",") },
  };
}

function create(cluster: SimCluster, request: WriteRequest): WriteResult {
  const { info, resource } = request;
  const object = decodeObject(request.body, request.contentType, resource);
  checkNamespace(object, request);
  const options = { ...writeOptions(request), ...(resource.namespaced ? { namespace: info.namespace } : {}) };
  return { type: "object", status: 201, object: cluster.create(resource, object, options) };
}

function update(cluster: SimCluster, request: WriteRequest): WriteResult {
  const { info, resource } = request;
  const object = decodeObject(request.body, request.contentType, resource);
  checkNamespace(object, request);
  const metadata = objectAt(object, "metadata");
  const name = textAt(metadata, "name");
  if (name !== info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  }
  const makes = kindRules(resource).createdByUpdate === true;
  if (makes && cluster.get(resource, info.namespace, info.name) === undefined) {
    const uid = textAt(metadata, "uid");
    if (uid !== "") {
      throw conflict(resource, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: `);
    }
    const { resourceVersion: _, ...rest } = metadata;
    const options = { ...writeOptions(request), namespace: info.namespace };
    return {
      type: "object",
      status: 201,
      object: cluster.create(resource, { ...object, metadata: rest }, options),
    };
  }
  const written = cluster.update(resource, info.namespace, info.name, object, writeOptions(request));
  return { type: "object", status: 200, object: written };
}

function patch(cluster: SimCluster, request: WriteRequest): WriteResult {
  const { info, resource } = request;
  // Said before the object is looked up: server-side apply would create it.
  if (!PATCH_TYPES.includes(mediaType(request.contentType))) throw unsupportedMediaType(PATCH_TYPES);
  const written = cluster.patch(
    resource,
    info.namespace,
    info.name,
    jsonPatchBody(request),
    mediaType(request.contentType),
    writeOptions(request),
  );
  return { type: "object", status: 200, object: written };
}

function jsonPatchBody(request: WriteRequest): unknown {
  try {
    return JSON.parse(request.body.toString());
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}

function patchScale(cluster: SimCluster, request: WriteRequest): WriteResult {
  return setReplicas(cluster, request, jsonPatchBody(request));
}

function putScale(cluster: SimCluster, request: WriteRequest): WriteResult {
  return setReplicas(cluster, request, jsonPatchBody(request));
}

function setReplicas(cluster: SimCluster, { info, resource }: WriteRequest, scale: unknown): WriteResult {
  const replicas = objectAt(scale, "spec")["replicas"];
  if (typeof replicas !== "number" || !Number.isSafeInteger(replicas) || replicas < 0) {
    throw badRequest("a Scale needs spec.replicas: an integer of 0 or more");
  }
  const version = textAt(objectAt(scale, "metadata"), "resourceVersion");
  const metadata = version === "" ? {} : { metadata: { resourceVersion: version } };
  const written = cluster.patch(resource, info.namespace, info.name, { ...metadata, spec: { replicas } });
  return { type: "value", status: 200, value: scaleOf(written) };
}

function remove(cluster: SimCluster, request: WriteRequest): WriteResult {
  const { info, resource } = request;
  if (info.subresource !== "") throw methodNotAllowed();
  const { object, gone } = cluster.delete(resource, info.namespace, info.name, deleteOptions(request));
  if (!gone || RETURNS_DELETED.has(resource.resource)) return { type: "object", status: 200, object };
  const { name, uid } = object.metadata;
  const group = resource.group === "" ? {} : { group: resource.group };
  const details = { name, ...group, kind: resource.resource, uid };
  const value = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return { type: "value", status: 200, value };
}

function removeAll(cluster: SimCluster, request: WriteRequest): WriteResult {
  const { info, query, resource } = request;
  const options = parseListOptions(query, "list");
  const filter = objectFilter(resource, info.namespace, options);
  const asked = deleteOptions(request);
  const items = cluster.list(resource, { namespace: info.namespace }).items.filter((item) => filter.matches(item));
  for (const { metadata } of items) {
    try {
      cluster.delete(resource, metadata.namespace, metadata.name, asked);
    } catch (error) {
      // Gone meanwhile is as good as deleted.
      if (!(error instanceof StatusError && error.status.code === 404)) throw error;
    }
  }
  return { type: "list", items, resourceVersion: cluster.version };
}

function deleteOptions(request: WriteRequest): Parameters<SimCluster["delete"]>[3] {
  const options = decodeDeleteOptions(request.body, request.contentType);
  const grace = options["gracePeriodSeconds"] ?? request.query.get("gracePeriodSeconds") ?? undefined;
  const seconds = grace === undefined || grace === null ? undefined : Number(grace);
  if (seconds !== undefined && !Number.isSafeInteger(seconds)) {
    throw badRequest(`gracePeriodSeconds ${JSON.stringify(grace)} is not an integer`);
  }
  const preconditions = options["preconditions"];
  return {
    ...(seconds === undefined ? {} : { gracePeriodSeconds: seconds }),
    ...(isJsonObject(preconditions) ? { preconditions } : {}),
  };
}

function checkNamespace(object: JsonObject, { info, resource }: WriteRequest): void {
  const namespace = textAt(objectAt(object, "metadata"), "namespace");
  if (!resource.namespaced || namespace === "" || namespace === info.namespace) return;
  throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

function writeOptions({ info, manager }: WriteRequest): SimWriteOptions {
  return {
    ...(manager === undefined ? {} : { manager }),
    ...(info.subresource === "status" ? { subresource: "status" } : {}),
  };
}
