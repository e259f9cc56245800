import { apiVersionOf, type ResourceType, resourceId } from "@krm/core";
import { badRequest } from "../status/status-errors.ts";
import {
  type ListMeta,
  partialObjectMetadata,
  type PartialObjectMetadata,
  writtenListMeta,
} from "../metadata/partial-object-metadata.ts";
import type { MetaVersion } from "../negotiate.ts";
import type { Json } from "../object/json.ts";
import { goQuote } from "../text/go-quote.ts";
import type { Cell, RowContext, RowPrinter } from "./cells.ts";
import {
  defaultColumns,
  DEPLOYMENT_COLUMNS,
  INGRESS_COLUMNS,
  NODE_COLUMNS,
  PERSISTENT_VOLUME_CLAIM_COLUMNS,
  POD_COLUMNS,
  SERVICE_COLUMNS,
  type TableColumn,
} from "./columns.ts";
import { podRow, podRowConditions, type TableRowCondition } from "./pod-row.ts";
import { deploymentRow, ingressRow, nodeRow, persistentVolumeClaimRow, plainRow, serviceRow } from "./rows.ts";

/** What of each object goes into its row. */
export type IncludeObject = "Metadata" | "Object" | "None";

/** One row: Kubernetes' TableRow. */
export interface TableRow {
  /** One for each column. */
  readonly cells: readonly Cell[];
  readonly conditions?: readonly TableRowCondition[];
  /** By `includeObject`: its metadata, the object itself with `kind` and `apiVersion`, or null. */
  readonly object: PartialObjectMetadata | object | null;
}

/** A list as kubectl prints it: Kubernetes' Table, keys in the order in which the API server writes them. */
export interface Table {
  readonly kind: "Table";
  readonly apiVersion: `meta.k8s.io/${MetaVersion}`;
  readonly metadata: ListMeta;
  /** Null where they were sent before: in a watch, with the first event only. */
  readonly columnDefinitions: readonly TableColumn[] | null;
  readonly rows: readonly TableRow[];
}

/** How to make a Table. */
export interface TableOptions extends RowContext {
  /** `Metadata` unless told otherwise. */
  readonly includeObject?: IncludeObject | undefined;
  /** The list's own; for one object, or one event of a watch, the object's resourceVersion. */
  readonly listMeta: ListMeta;
  readonly version?: MetaVersion | undefined;
  /** False for the second event of a watch and those after it. */
  readonly columnDefinitions?: boolean | undefined;
}

interface TableKind {
  readonly columns: readonly TableColumn[];
  readonly print: RowPrinter;
  readonly conditions?: (object: Json) => readonly TableRowCondition[] | undefined;
}

const KINDS: Readonly<Record<string, TableKind>> = {
  "v1/pods": { columns: POD_COLUMNS, print: podRow, conditions: podRowConditions },
  "apps/v1/deployments": { columns: DEPLOYMENT_COLUMNS, print: deploymentRow },
  "v1/services": { columns: SERVICE_COLUMNS, print: serviceRow },
  "v1/persistentvolumeclaims": { columns: PERSISTENT_VOLUME_CLAIM_COLUMNS, print: persistentVolumeClaimRow },
  "networking.k8s.io/v1/ingresses": { columns: INGRESS_COLUMNS, print: ingressRow },
  "v1/nodes": { columns: NODE_COLUMNS, print: nodeRow },
};

function tableKind(resource: ResourceType): TableKind {
  const id = resourceId(resource);
  const known = Object.hasOwn(KINDS, id) ? KINDS[id] : undefined;
  return known ?? { columns: defaultColumns(resource), print: plainRow };
}

/** The columns of a resource: those of kubectl for the six kinds, NAME and AGE for any other. */
export function tableColumns(resource: ResourceType): readonly TableColumn[] {
  return tableKind(resource).columns;
}

/**
 * Turns parsed objects into a Table, in their order. What an object lacks shows as Kubernetes shows it (`<none>`,
 * `<unknown>`); an object of an unexpected shape never makes it throw.
 *
 * @example
 * toTable(PODS, pods, { now: clock.now(), listMeta: { resourceVersion: "42" } })
 */
export function toTable(resource: ResourceType, objects: readonly object[], options: TableOptions): Table {
  const { columns, print, conditions } = tableKind(resource);
  const version = options.version ?? "v1";
  const include = options.includeObject ?? "Metadata";
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: writtenListMeta(options.listMeta),
    columnDefinitions: options.columnDefinitions === false ? null : columns,
    rows: objects.map((object): TableRow => {
      const cells = print(object, options);
      const marks = conditions?.(object);
      const included = includedObject(resource, object, include, version);
      return marks === undefined ? { cells, object: included } : { cells, conditions: marks, object: included };
    }),
  };
}

function includedObject(
  resource: ResourceType,
  object: object,
  include: IncludeObject,
  version: MetaVersion,
): TableRow["object"] {
  switch (include) {
    case "Metadata":
      return partialObjectMetadata(object, version);
    case "Object":
      return { kind: resource.kind, apiVersion: apiVersionOf(resource), ...object };
    case "None":
      return null;
    default:
      return include satisfies never;
  }
}

/**
 * Reads `includeObject` of a query.
 *
 * @throws StatusError 400 for a value that is none of the three.
 */
export function parseIncludeObject(query: URLSearchParams): IncludeObject {
  const value = query.get("includeObject") ?? "";
  if (value === "") return "Metadata";
  if (value === "Metadata" || value === "Object" || value === "None") return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${goQuote(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}
