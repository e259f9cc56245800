import { setImmediate as nextTurn } from "node:timers/promises";
import {
  goJson,
  goYaml,
  type ListMeta,
  type ObjectView,
  partialObjectMetadata,
  partialObjectMetadataList,
  toTable,
  wrongRepresentation,
} from "@krm/apimachinery";
import { apiVersionOf, type ResourceType, type StoredObject } from "@krm/core";
import { kubernetesListBytes, type ListBytes, objectBytes, wholeBytes } from "../body/list-bytes.ts";

/** A body, and what it is. */
export interface Represented {
  readonly contentType: string;
  readonly body: ListBytes;
}

/** What is shown, and how. */
export interface Shown {
  readonly resource: ResourceType;
  readonly view: ObjectView;
  /** What ages are measured against: epoch milliseconds. */
  readonly now: number;
}

/** Objects parsed and written in one go before others get a turn: a few milliseconds of work. */
const IN_A_TURN = { json: 64, yaml: 4 } as const;

const decoder = new TextDecoder();

/**
 * The body that shows a list. JSON is made of the stored bytes; for the other forms the objects are parsed, and the event
 * loop turns in between.
 *
 * @throws StatusError 406 for a form in which only one object can be shown. Rejects when the reader leaves meanwhile.
 */
export async function representList(
  { resource, view, now }: Shown,
  items: readonly StoredObject[],
  listMeta: ListMeta,
  signal: AbortSignal,
): Promise<Represented> {
  const { includeObject, representation } = view;
  switch (representation.type) {
    case "json":
      return json(kubernetesListBytes(resource, listMeta, items));
    case "table": {
      const options = { now, includeObject, listMeta, version: representation.version };
      const rows = (objects: readonly object[]): string => inner(toTable(resource, objects, options).rows);
      const empty = goJson(toTable(resource, [], options));
      return json(await listed(items, { head: empty.slice(0, -2), each: rows, signal }));
    }
    case "partial-object-metadata-list": {
      const { version } = representation;
      const empty = goJson(partialObjectMetadataList([], listMeta, version));
      if (items.length === 0) return json(wholeBytes([Buffer.from(`${empty}\n`)]));
      const head = `${empty.slice(0, -"null}".length)}[`;
      const each = (objects: readonly object[]): string =>
        inner(objects.map((object) => partialObjectMetadata(object, version)));
      return json(await listed(items, { head, each, signal }));
    }
    case "yaml":
      return yaml(await yamlList(resource, items, listMeta, signal));
    case "partial-object-metadata":
    case "api-group-discovery-list":
      throw wrongRepresentation(representation.type, "one object");
  }
}

/**
 * The body that shows one object.
 *
 * @throws StatusError 406 for a form in which only lists can be shown.
 */
export function representObject({ resource, view, now }: Shown, object: StoredObject): Represented {
  const { includeObject, representation } = view;
  switch (representation.type) {
    case "json":
      return json(objectBytes(resource, object));
    case "table": {
      const listMeta = { resourceVersion: object.resourceVersion };
      const { version } = representation;
      return json(line(goJson(toTable(resource, [parse(object)], { now, includeObject, listMeta, version }))));
    }
    case "partial-object-metadata":
      return json(line(goJson(partialObjectMetadata(parse(object), representation.version))));
    case "yaml":
      return yaml(wholeBytes([Buffer.from(goYaml(typed(resource, object)))]));
    case "partial-object-metadata-list":
    case "api-group-discovery-list":
      throw wrongRepresentation(representation.type, "a list");
  }
}

/** A list's JSON from its head on, the items written in parts. */
async function listed(
  items: readonly StoredObject[],
  how: { readonly head: string; readonly each: (objects: readonly object[]) => string; readonly signal: AbortSignal },
): Promise<ListBytes> {
  const pieces = [Buffer.from(how.head)];
  for await (const part of inTurns(items, IN_A_TURN.json, how.signal)) {
    pieces.push(Buffer.from(`${pieces.length > 1 ? "," : ""}${how.each(part.map(parse))}`));
  }
  pieces.push(Buffer.from("]}\n"));
  return wholeBytes(pieces);
}

/** A list is written member by member: as one value it would hold up all others. */
async function yamlList(
  resource: ResourceType,
  items: readonly StoredObject[],
  metadata: ListMeta,
  signal: AbortSignal,
): Promise<ListBytes> {
  const head = goYaml({ apiVersion: apiVersionOf(resource) });
  const pieces = [Buffer.from(`${head}items:${items.length === 0 ? " []" : ""}\n`)];
  for await (const part of inTurns(items, IN_A_TURN.yaml, signal)) {
    const objects = part.map((object) => (resource.custom ? typed(resource, object) : parse(object)));
    pieces.push(Buffer.from(goYaml(objects)));
  }
  pieces.push(Buffer.from(goYaml({ kind: resource.listKind, metadata })));
  return wholeBytes(pieces);
}

async function* inTurns(
  items: readonly StoredObject[],
  count: number,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredObject[], void, undefined> {
  for (let at = 0; at < items.length; at += count) {
    if (at > 0) await nextTurn();
    signal.throwIfAborted();
    yield items.slice(at, at + count);
  }
}

function parse({ bytes }: StoredObject): object {
  return JSON.parse(decoder.decode(bytes)) as object;
}

function typed(resource: ResourceType, object: StoredObject): object {
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), ...parse(object) };
}

/** The JSON between an array's brackets. */
function inner(values: readonly unknown[]): string {
  return goJson(values).slice(1, -1);
}

function line(text: string): ListBytes {
  return wholeBytes([Buffer.from(`${text}\n`)]);
}

function json(body: ListBytes): Represented {
  return { contentType: "application/json", body };
}

function yaml(body: ListBytes): Represented {
  return { contentType: "application/yaml", body };
}
