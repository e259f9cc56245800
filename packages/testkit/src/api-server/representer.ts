import {
  goJson,
  goYaml,
  listEnvelope,
  type ListMeta,
  type ObjectView,
  partialObjectMetadata,
  partialObjectMetadataList,
  type Table,
  toTable,
  wrongRepresentation,
} from "@krm/apimachinery";
import { apiVersionOf, type Clock } from "@krm/core";
import type { SimObject } from "../cluster/sim-object.ts";
import type { SimResource } from "../cluster/sim-resource.ts";
import type { ListPage } from "./list.ts";
import { ObjectBytes } from "./object-bytes.ts";
import type { Answer } from "./respond.ts";

const NEWLINE = Buffer.from("\n");
const COMMA = Buffer.from(",");

/** Turns objects and lists into bodies of every representation. */
export class Representer {
  readonly #clock: Clock;
  readonly #bytes = new ObjectBytes();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer that holds one page of a list. @throws StatusError 406 where the representation is not for lists. */
  list(resource: SimResource, { items, meta }: ListPage, view: ObjectView): Answer {
    switch (view.representation.type) {
      case "table":
        return this.#json(this.#table(resource, items, meta, view));
      case "partial-object-metadata-list":
        return this.#json(partialObjectMetadataList(items, meta, view.representation.version));
      case "yaml":
        return yamlAnswer(this.#listValue(resource, items, meta));
      case "partial-object-metadata":
      case "api-group-discovery-list":
        throw wrongRepresentation(view.representation.type, "one object");
      case "json":
        return { status: 200, body: this.#listBytes(resource, items, meta) };
    }
  }

  /** The answer that holds one object. @throws StatusError 406 where the representation is for lists alone. */
  object(resource: SimResource, object: SimObject, view: ObjectView, status = 200): Answer {
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
        throw wrongRepresentation(view.representation.type, "a list");
      case "json":
        return { status, body: [...this.#bytes.whole(resource, object), NEWLINE] };
    }
  }

  /** The object of a watch event, in pieces, without a line end. */
  event(resource: SimResource, object: SimObject, view: ObjectView, first: boolean): readonly Buffer[] {
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
        throw wrongRepresentation(view.representation.type, "a list");
    }
  }

  #table(
    resource: SimResource,
    items: readonly SimObject[],
    listMeta: ListMeta,
    { includeObject, representation }: ObjectView,
    columnDefinitions = true,
  ): Table {
    const version = representation.type === "table" ? representation.version : undefined;
    return toTable(resource, items, { now: this.#clock.now(), includeObject, listMeta, version, columnDefinitions });
  }

  #json(value: unknown, status = 200): Answer {
    return { status, body: `${goJson(value)}\n` };
  }

  #listBytes(resource: SimResource, items: readonly SimObject[], meta: ListMeta): Buffer[] {
    const { head, tail } = listEnvelope(resource, meta);
    const pieces: Buffer[] = [Buffer.from(head)];
    for (const [index, item] of items.entries()) {
      if (index > 0) pieces.push(COMMA);
      pieces.push(this.#bytes.item(resource, item));
    }
    pieces.push(Buffer.from(tail));
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

function yamlAnswer(value: unknown, status = 200): Answer {
  return { status, body: goYaml(value), contentType: "application/yaml" };
}
