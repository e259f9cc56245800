import { toTable } from "@krm/apimachinery";
import { DEFAULT_RESOURCES, type ResourceType } from "@krm/core";
import { alignColumns } from "../../text/columns.ts";

/** A list as it was answered. */
export interface ListedObjects {
  /** `PodList`. */
  readonly kind: string;
  readonly apiVersion: string;
  readonly items: readonly object[];
}

/** How a table looks. */
export interface TableLook {
  /** Epoch milliseconds: what ages are measured against. */
  readonly now: number;
  /** With the columns that kubectl shows with `-o wide`. */
  readonly wide: boolean;
  /** With a column of namespaces, where the resource has any. */
  readonly namespaces: boolean;
}

/** Sets objects in the columns that kubectl shows; of kinds other than the six, NAME and AGE. */
export function tableLines(list: ListedObjects, look: TableLook): string[] {
  const cells = tableCells(list, look);
  const [heading = []] = cells;
  // Where none of the objects is in a namespace, that column is empty.
  const isEmpty = heading[0] === "NAMESPACE" && cells.slice(1).every(([namespace]) => namespace === "");
  return alignColumns(isEmpty ? cells.map((row) => row.slice(1)) : cells);
}

/** The heading, and a row for each object. */
export function tableCells(list: ListedObjects, look: TableLook): readonly (readonly string[])[] {
  const { columnDefinitions, rows } = toTable(typeOf(list), list.items, {
    now: look.now,
    listMeta: { resourceVersion: "" },
    includeObject: "None",
  });
  const shown = (columnDefinitions ?? []).flatMap(({ priority }, index) =>
    look.wide || priority === 0 ? [index] : [],
  );
  const namespaces = list.items.map((item) => metadataOf(item).namespace ?? "");
  const withNamespace = look.namespaces && typeOf(list).namespaced;
  const heading = shown.map((index) => columnDefinitions?.[index]?.name.toUpperCase() ?? "");
  const body = rows.map(({ cells }) => shown.map((index) => String(cells[index] ?? "")));
  return withNamespace
    ? [["NAMESPACE", ...heading], ...body.map((cells, row) => [namespaces[row] ?? "", ...cells])]
    : [heading, ...body];
}

/** `pod/web-1`, `deployment.apps/web`: names that kubectl takes. */
export function nameLines(list: ListedObjects): string[] {
  const { group } = groupVersion(list.apiVersion);
  const kind = kindOf(list).toLowerCase();
  return list.items.map((item) => `${kind}${group === "" ? "" : `.${group}`}/${metadataOf(item).name ?? ""}`);
}

function typeOf(list: ListedObjects): ResourceType {
  const kind = kindOf(list);
  const { group, version } = groupVersion(list.apiVersion);
  const known = DEFAULT_RESOURCES.find(
    (type) => type.kind === kind && type.group === group && type.version === version,
  );
  if (known !== undefined) return known;
  // The plural is not told, and of no use here; it must only not be one of the known.
  const resource = `${kind.toLowerCase()}*`;
  const type = { group, version, resource, kind, listKind: list.kind, singular: kind.toLowerCase() };
  return { ...type, shortNames: [], namespaced: true, custom: true };
}

function kindOf({ kind }: ListedObjects): string {
  return kind.replace(/List$/, "");
}

function groupVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf("/");
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1) };
}

function metadataOf(item: object): { readonly name?: string; readonly namespace?: string } {
  return (item as { readonly metadata?: { readonly name?: string; readonly namespace?: string } }).metadata ?? {};
}
