import { type ResourceType, resourceId } from "@krm/core";
import { goQuote } from "../text/go-quote.ts";
import { at, type Json, text } from "../object/json.ts";

/** What decides which fields a selector may name. `custom` where a CustomResourceDefinition serves the resource. */
export type FieldResource = Pick<ResourceType, "group" | "version" | "resource" | "kind"> & {
  readonly custom?: boolean | undefined;
};

/** One field that a selector may name. */
export interface SelectableField {
  /** Its value in a parsed object; `""` where it is not set, as Kubernetes matches it. */
  readonly read: (object: Json) => string;
  /** Where the value stands, where it is the text at one place of the object. */
  readonly path?: readonly string[];
}

/** The fields of one resource that a selector may name. */
export interface FieldTable {
  /** In the order in which {@link supportedFields} tells them. */
  readonly fields: Readonly<Record<string, SelectableField>>;
  /** Old names of fields, still understood. */
  readonly aliases: Readonly<Record<string, string>>;
  /** The message for a field that is not among them. */
  readonly unsupported: (field: string) => string;
}

function path(...keys: readonly string[]): SelectableField {
  return { read: (object) => text(at(object, ...keys)), path: keys };
}

/** An integer as text; unset is `0`, as for Go's zero value. */
function count(...keys: readonly string[]): SelectableField {
  return { read: (object) => text(at(object, ...keys)) || "0" };
}

function flag(...keys: readonly string[]): SelectableField {
  return { read: (object) => String(at(object, ...keys) === true) };
}

const NAME = { "metadata.name": path("metadata", "name") };
const META = { ...NAME, "metadata.namespace": path("metadata", "namespace") };

function podIp(object: Json): string {
  const first = at(object, "status", "podIPs", 0, "ip");
  return text(first === undefined ? at(object, "status", "podIP") : first);
}

/** The names that core events and those of events.k8s.io give to the same fields. */
const INVOLVED = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

function involved(prefix: string): Record<string, SelectableField> {
  return Object.fromEntries(INVOLVED.map((key) => [`${prefix}.${key}`, path(prefix, key)]));
}

/** Core events name their source twice: `reportingComponent`, and before it `source.component`. */
function eventSource(object: Json): string {
  return text(at(object, "source", "component")) || text(at(object, "reportingComponent"));
}

function notSupported(field: string): string {
  return `field label not supported: ${field}`;
}

function only(fields: readonly string[]): (field: string) => string {
  const known = fields.map((field) => goQuote(field)).join(", ");
  return (field) => `${goQuote(field)} is not a known field selector: only ${known}`;
}

function table(
  fields: Readonly<Record<string, SelectableField>>,
  aliases: Readonly<Record<string, string>> = {},
): FieldTable {
  return { fields, aliases, unsupported: notSupported };
}

const DEFAULT: FieldTable = { fields: META, aliases: {}, unsupported: only(Object.keys(META)) };
const CUSTOM: FieldTable = table(META);

const TABLES: Readonly<Record<string, FieldTable>> = {
  "v1/pods": table(
    {
      ...META,
      "spec.nodeName": path("spec", "nodeName"),
      "spec.restartPolicy": path("spec", "restartPolicy"),
      "spec.schedulerName": path("spec", "schedulerName"),
      "spec.serviceAccountName": path("spec", "serviceAccountName"),
      "spec.hostNetwork": flag("spec", "hostNetwork"),
      "status.phase": path("status", "phase"),
      "status.podIP": { read: podIp },
      // Upstream lets a selector name it, and gives it no value.
      "status.podIPs": { read: () => "" },
      "status.nominatedNodeName": path("status", "nominatedNodeName"),
    },
    { "spec.host": "spec.nodeName" },
  ),
  "v1/nodes": table({ ...NAME, "spec.unschedulable": flag("spec", "unschedulable") }),
  "v1/services": table({ ...META, "spec.clusterIP": path("spec", "clusterIP"), "spec.type": path("spec", "type") }),
  "v1/namespaces": table({ ...NAME, "status.phase": path("status", "phase") }),
  "v1/secrets": table({ ...META, type: path("type") }),
  "v1/replicationcontrollers": table({ ...META, "status.replicas": count("status", "replicas") }),
  "v1/events": table({
    ...involved("involvedObject"),
    reason: path("reason"),
    reportingComponent: path("reportingComponent"),
    source: { read: eventSource },
    type: path("type"),
    ...META,
  }),
  "events.k8s.io/v1/events": table({
    reason: path("reason"),
    ...involved("regarding"),
    reportingController: path("reportingController"),
    type: path("type"),
    ...META,
  }),
  "batch/v1/jobs": table({ ...META, "status.successful": count("status", "succeeded") }),
  "certificates.k8s.io/v1/certificatesigningrequests": table({
    ...NAME,
    "spec.signerName": path("spec", "signerName"),
  }),
};

/** The fields that a selector on this resource may name. */
export function fieldTable(resource: FieldResource): FieldTable {
  if (resource.custom === true) return CUSTOM;
  const id = resourceId(resource);
  return (Object.hasOwn(TABLES, id) ? TABLES[id] : undefined) ?? DEFAULT;
}

/** The names of the fields that a selector on this resource may use. Selectable fields that a CRD declares are unknown here. */
export function supportedFields(resource: FieldResource): readonly string[] {
  return Object.keys(fieldTable(resource).fields);
}

/** Where in an object the text stands that is the value of a field; undefined: it is not just the text at one place. */
export function fieldPath(resource: FieldResource, field: string): readonly string[] | undefined {
  const { fields } = fieldTable(resource);
  return Object.hasOwn(fields, field) ? fields[field]?.path : undefined;
}

/**
 * The values of all supported fields of one parsed object, with Kubernetes' defaults: unset text is `""`, a flag
 * `"true"` or `"false"`, an unset number `"0"`. Never throws: what has another shape than the field counts as unset.
 *
 * @example
 * selectableFields(NODES, { metadata: { name: "n1" } }) // { "metadata.name": "n1", "spec.unschedulable": "false" }
 */
export function selectableFields(resource: FieldResource, object: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [field, { read }] of Object.entries(fieldTable(resource).fields)) fields[field] = read(object);
  return fields;
}
