import {
  type IncludeObject,
  type ListMeta,
  partialObjectMetadata,
  partialObjectMetadataList,
  type Representation,
  type StatusError,
  statusError,
  type Table,
  toTable,
} from "@krm/apimachinery";
import { apiVersionOf, type Clock } from "@krm/core";
import { stringify } from "yaml";
import type { SimObject } from "../cluster/sim-object.ts";
import type { SimResource } from "../cluster/sim-resource.ts";
import { goJson, goMapJson, sortMembers } from "./go-json.ts";
import type { ListPage } from "./list.ts";
import { ObjectBytes } from "./object-bytes.ts";
import type { Answer } from "./respond.ts";

const NEWLINE = Buffer.from("\n");
const COMMA = Buffer.from(",");

/** How objects are to be shown: the representation that was negotiated, and what a Table's rows carry. */
export interface View {
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
}

/** Turns objects and lists into bodies of every representation. */
export class Representer {
  readonly #clock: Clock;
  readonly #bytes = new ObjectBytes();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer that holds one page of a list. @throws StatusError 406 where the representation is not for lists. */
  list(resource: SimResource, { items, meta }: ListPage, view: View): Answer {
    switch (view.representation.type) {
      case "table":
        return this.#json(this.#table(resource, items, meta, view));
      case "partial-object-metadata-list":
        return this.#json(partialObjectMetadataList(items, meta, view.representation.version));
      case "yaml":
        return yamlAnswer(this.#listValue(resource, items, meta));
      case "partial-object-metadata":
      case "api-group-discovery-list":
        throw wrongForm(view.representation.type, "one object");
      case "json":
        return { status: 200, body: this.#listBytes(resource, items, meta) };
    }
  }

  /** The answer that holds one object. @throws StatusError 406 where the representation is for lists alone. */
  object(resource: SimResource, object: SimObject, view: View, status = 200): Answer {
    switch (view.representation.type) {
      case "table": {
        const meta = { resourceVersion: object.metadata.resourceVersion };
        return this.#json(this.#table(resource, [object], meta, view), status);
      }
      case "partial-object-metadata":
        return this.#json(partialObjectMetadata(object, view.representation.version), status);
      case "yaml":
        return yamlAnswer(object, status);
      case "partial-object-metadata-list":
      case "api-group-discovery-list":
        throw wrongForm(view.representation.type, "a list");
      case "json":
        return { status, body: [...this.#bytes.whole(resource, object), NEWLINE] };
    }
  }

  /** The object of a watch event, in pieces, without a line end. */
  event(resource: SimResource, object: SimObject, view: View, first: boolean): readonly Buffer[] {
    switch (view.representation.type) {
      case "table": {
        const meta = { resourceVersion: object.metadata.resourceVersion };
        return [Buffer.from(goJson(this.#table(resource, [object], meta, view, first)))];
      }
      case "partial-object-metadata":
        return [Buffer.from(goJson(partialObjectMetadata(object, view.representation.version)))];
      case "json":
        return this.#bytes.whole(resource, object);
      case "yaml":
      case "partial-object-metadata-list":
      case "api-group-discovery-list":
        throw wrongForm(view.representation.type, "a list");
    }
  }

  #table(
    resource: SimResource,
    items: readonly SimObject[],
    listMeta: ListMeta,
    { includeObject, representation }: View,
    columnDefinitions = true,
  ): Table {
    const version = "version" in representation ? representation.version : undefined;
    return toTable(resource, items, { now: this.#clock.now(), includeObject, listMeta, version, columnDefinitions });
  }

  #json(value: unknown, status = 200): Answer {
    return { status, body: `${goJson(value)}\n` };
  }

  #listBytes(resource: SimResource, items: readonly SimObject[], meta: ListMeta): Buffer[] {
    const pieces: Buffer[] = [Buffer.from(listHead(resource, meta))];
    for (const [index, item] of items.entries()) {
      if (index > 0) pieces.push(COMMA);
      pieces.push(this.#bytes.item(resource, item));
    }
    pieces.push(Buffer.from(listTail(resource, meta)));
    return pieces;
  }

  #listValue(resource: SimResource, items: readonly SimObject[], meta: ListMeta): unknown {
    return {
      kind: resource.listKind,
      apiVersion: apiVersionOf(resource),
      metadata: meta,
      items: resource.custom ? items : items.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item),
    };
  }
}

/** A list up to its first item. A list of custom resources is a sorted map, with an empty `continue` where none is. */
function listHead(resource: SimResource, meta: ListMeta): string {
  if (resource.custom) return `{"apiVersion":${goJson(apiVersionOf(resource))},"items":[`;
  return `{"kind":${goJson(resource.listKind)},"apiVersion":${goJson(apiVersionOf(resource))},"metadata":${goJson(meta)},"items":[`;
}

function listTail(resource: SimResource, meta: ListMeta): string {
  if (!resource.custom) return "]}\n";
  return `],"kind":${goJson(resource.listKind)},"metadata":${goMapJson({ continue: "", ...meta })}}\n`;
}

/** YAML as sigs.k8s.io/yaml writes it: members sorted, lists not indented, YAML 1.1's rules of quoting. */
function yamlAnswer(value: unknown, status = 200): Answer {
  const text = stringify(sortMembers(value), {
    version: "1.1",
    schema: "yaml-1.1",
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
  // Go's writer knows that a lone dot, as managedFields have it, is no number.
  const body = text.replaceAll(/^( *(?:- )?)"\.":/gm, "$1.:");
  return { status, body, contentType: "application/yaml" };
}

function wrongForm(representation: string, fits: string): StatusError {
  return statusError({
    code: 406,
    reason: "NotAcceptable",
    message: `the representation ${representation} is for ${fits}`,
    details: {},
  });
}
