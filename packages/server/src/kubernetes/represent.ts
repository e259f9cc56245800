import {
  goJson,
  goYaml,
  type ListMeta,
  type ObjectView,
  parseExact,
  partialObjectMetadataList,
  toTable,
  wrongRepresentation,
} from "@krm/apimachinery";
import { apiVersionOf, type ResourceType, Semaphore, type StoredObject } from "@krm/core";
import { Turns } from "../answer/turns.ts";
import { kubernetesListBytes, type ListBytes, objectBytes, wholeBytes } from "../body/list-bytes.ts";
import { metadataBytes } from "../body/metadata-bytes.ts";
import { tableRows } from "../body/table-rows.ts";

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

/** A list that is shown: see {@link ObjectsInList}. */
export interface ShownList extends Shown {
  readonly isFromStart: boolean;
}

/** Bytes parsed and written in one go before others get a turn: a few milliseconds of work. */
const IN_A_TURN = { json: 256 * 1024, yaml: 16 * 1024 } as const;

/** Lists that are written at once, on the one thread of this process: those that wait hold nothing yet. */
const WRITING = new Semaphore(4);

const JSON_TYPE = "application/json";
const YAML = "application/yaml";
const COMMA = Buffer.from(",");
const LIST_END = Buffer.from("]}\n");
const LINE_END = Buffer.from("\n");

const decoder = new TextDecoder();

/**
 * Refuses a form in which what is asked for cannot be shown.
 *
 * @throws StatusError 406
 */
export function requireForm({ representation: { type } }: ObjectView, of: "a list" | "one object"): void {
  switch (type) {
    case "partial-object-metadata":
      if (of === "a list") throw wrongRepresentation(type, "one object");
      return;
    case "partial-object-metadata-list":
      if (of === "one object") throw wrongRepresentation(type, "a list");
      return;
    case "api-group-discovery-list":
      throw wrongRepresentation(type, of === "a list" ? "one object" : "a list");
    case "json":
    case "table":
    case "yaml":
  }
}

/** The media type of a form whose body costs work; undefined: JSON, which is made of the stored bytes. */
export function writtenType({ representation: { type } }: ObjectView): string | undefined {
  return type === "json" ? undefined : type === "yaml" ? YAML : JSON_TYPE;
}

/**
 * The body that shows a list. JSON and metadata are made of the stored bytes; for the other forms the objects are parsed.
 * The event loop turns in between, but for JSON. The form must be one of {@link requireForm}. Rejects when the reader leaves
 * meanwhile.
 */
export async function representList(
  { isFromStart, now, resource, view }: ShownList,
  items: readonly StoredObject[],
  listMeta: ListMeta,
  signal: AbortSignal,
): Promise<Represented> {
  const { includeObject, representation } = view;
  switch (representation.type) {
    case "json":
      return json(kubernetesListBytes(resource, listMeta, items, isFromStart));
    case "table": {
      const options = { now, includeObject, listMeta, version: representation.version };
      const empty = goJson(toTable(resource, [], options));
      const each = (part: readonly StoredObject[]): readonly Uint8Array[] => tableRows(resource, part, options);
      return json(await WRITING.run(signal, async () => listed(items, { head: empty.slice(0, -2), each, signal })));
    }
    case "partial-object-metadata-list": {
      const { version } = representation;
      const empty = goJson(partialObjectMetadataList([], listMeta, version));
      if (items.length === 0) return json(wholeBytes([Buffer.from(`${empty}\n`)]));
      const head = `${empty.slice(0, -"null}".length)}[`;
      const each = (part: readonly StoredObject[]): readonly Uint8Array[] =>
        part.flatMap((object, at) => [...(at === 0 ? [] : [COMMA]), ...metadataBytes(object, version)]);
      return json(await WRITING.run(signal, async () => listed(items, { head, each, signal })));
    }
    case "yaml":
      return yaml(await WRITING.run(signal, async () => yamlList(resource, items, listMeta, signal)));
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
      const options = { now, includeObject, listMeta, version: representation.version };
      const head = Buffer.from(goJson(toTable(resource, [], options)).slice(0, -2));
      return json(wholeBytes([head, ...tableRows(resource, [object], options), LIST_END]));
    }
    case "partial-object-metadata":
      return json(wholeBytes([...metadataBytes(object, representation.version), LINE_END]));
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
  how: {
    readonly head: string;
    readonly each: (objects: readonly StoredObject[]) => readonly Uint8Array[];
    readonly signal: AbortSignal;
  },
): Promise<ListBytes> {
  const pieces: Uint8Array[] = [Buffer.from(how.head)];
  for await (const part of inTurns(items, IN_A_TURN.json, how.signal)) {
    if (pieces.length > 1) pieces.push(COMMA);
    pieces.push(...how.each(part));
  }
  pieces.push(LIST_END);
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
    const objects = part.map((object) => (resource.custom ? typed(resource, object) : exact(object)));
    pieces.push(Buffer.from(goYaml(objects)));
  }
  pieces.push(Buffer.from(goYaml({ kind: resource.listKind, metadata })));
  return wholeBytes(pieces);
}

/** Parts of the items, each of as many bytes as one turn takes. */
async function* inTurns(
  items: readonly StoredObject[],
  bytes: number,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredObject[], void, undefined> {
  signal.throwIfAborted();
  const turns = new Turns(bytes, signal);
  let part: StoredObject[] = [];
  for (const item of items) {
    part.push(item);
    if (!turns.spend(item.bytes.byteLength)) continue;
    yield part;
    part = [];
    await turns.next();
  }
  if (part.length > 0) yield part;
}

function exact({ bytes }: StoredObject): object {
  return parseExact(decoder.decode(bytes)) as object;
}

function typed(resource: ResourceType, object: StoredObject): object {
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), ...exact(object) };
}

function json(body: ListBytes): Represented {
  return { contentType: JSON_TYPE, body };
}

function yaml(body: ListBytes): Represented {
  return { contentType: YAML, body };
}
