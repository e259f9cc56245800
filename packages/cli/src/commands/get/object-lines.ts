import { toTable } from "@krm/apimachinery";
import { DEFAULT_RESOURCES, type ResourceType } from "@krm/core";

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
  /** With a column of labels. */
  readonly labels?: boolean | undefined;
}

/** The same as {@link tableCells}, without the column of namespaces where none of the objects is in one. */
export function listCells(list: ListedObjects, look: TableLook): readonly (readonly string[])[] {
  const cells = tableCells(list, look);
  const [heading = [], ...rows] = cells;
  const isEmpty = heading[0] === "NAMESPACE" && rows.every(([namespace]) => namespace === "");
  return isEmpty ? cells.map((row) => row.slice(1)) : cells;
}

/** The columns that kubectl shows, of kinds other than the six NAME and AGE: the heading, and a row for each object. */
export function tableCells(list: ListedObjects, look: TableLook): readonly (readonly string[])[] {
  const { columnDefinitions, rows } = toTable(typeOf(list), list.items, {
    now: look.now,
    listMeta: { resourceVersion: "" },
    includeObject: "None",
  });
  const shown = (columnDefinitions ?? []).flatMap(({ priority }, index) =>
    look.wide || priority === 0 ? [index] : [],
  );
  const withNamespace = look.namespaces && typeOf(list).namespaced;
  const withLabels = look.labels === true;
  const heading = shown.map((index) => columnDefinitions?.[index]?.name.toUpperCase() ?? "");
  const body = rows.map(({ cells }, row) => {
    const { labels, namespace = "" } = metadataOf(list.items[row] ?? {});
    const columns = shown.map((index) => String(cells[index] ?? ""));
    return [...(withNamespace ? [namespace] : []), ...columns, ...(withLabels ? [labelsText(labels)] : [])];
  });
  return [[...(withNamespace ? ["NAMESPACE"] : []), ...heading, ...(withLabels ? ["LABELS"] : [])], ...body];
}

function labelsText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? "<none>" : pairs.toSorted().join(",");
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

interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function metadataOf(item: object): Metadata {
  return (item as { readonly metadata?: Metadata }).metadata ?? {};
}
