import { HEADERS, KUBERNETES_PATHS, TELL } from "@krm/protocol";
import {
  answerHeaders,
  anyObject,
  headerParameter,
  integer,
  json,
  pathParameter,
  queryParameter,
  type RefusalCode,
  refusals,
  schemaRef,
  text,
} from "./openapi-parts.ts";

const GROUP = pathParameter("group", "A group of the API: apps.");
const VERSION = pathParameter("version", "A version of the group: v1.");
const NAMESPACE = pathParameter("namespace", "A namespace.");
const RESOURCE = pathParameter("resource", "The plural of a watched resource: pods.");
const NAME = pathParameter("name", "The name of an object.");

const ACCEPT = headerParameter(
  "Accept",
  "application/json (the default) or application/yaml; with as=Table, as=PartialObjectMetadata or as=PartialObjectMetadataList (g=meta.k8s.io) another form.",
);
const UNCHANGED = headerParameter("If-None-Match", "The ETag of a list that the reader has.");
const MAX_STALENESS = queryParameter(
  "maxStaleness",
  "KRM's own. A duration such as 30s: an answer that cannot be proved to be this young is a 504.",
);
const RESOURCE_VERSION = queryParameter(
  "resourceVersion",
  "Of a list or object: what the answer must have reached, waited for up to 3 seconds. Of a watch: it tells what came after.",
);
const INCLUDE_OBJECT = queryParameter("includeObject", "Of a Table: what of each object is in its row.", {
  enum: ["None", "Metadata", "Object"],
});
const flag = { type: "boolean" };

const WATCH_PARAMETERS = [
  queryParameter("labelSelector", "A label selector."),
  queryParameter("fieldSelector", "A field selector, over the fields that the API server supports for the resource."),
  RESOURCE_VERSION,
  queryParameter("resourceVersionMatch", "How the version is meant; a watch takes NotOlderThan alone.", {
    enum: ["Exact", "NotOlderThan"],
  }),
  queryParameter("timeoutSeconds", "Of a watch: it ends after so long.", integer),
  queryParameter("allowWatchBookmarks", "Of a watch: bookmarks are told too.", flag),
  queryParameter(
    "sendInitialEvents",
    "Of a watch: begins with all that there is, and a bookmark at its end. Needs resourceVersionMatch=NotOlderThan.",
    flag,
  ),
  MAX_STALENESS,
  INCLUDE_OBJECT,
  ACCEPT,
  headerParameter(
    TELL.header,
    `Of a watch: with ${TELL.lastContact} bookmarks tell when the view last heard from its source.`,
  ),
];

const LIST_PARAMETERS = [
  queryParameter("watch", "Tells changes as they come, in place of a list.", flag),
  queryParameter("limit", "Items, at most. 0: all.", integer),
  queryParameter("continue", "metadata.continue of the page before."),
  queryParameter("scope", "KRM's own. Of all namespaces, those in which the reader may list.", {
    enum: ["accessible"],
  }),
  UNCHANGED,
  ...WATCH_PARAMETERS,
];

const FORWARDED = {
  [HEADERS.forwarded]: "true: the answer is the API server's own, to which the request was sent on.",
};

/**
 * The paths of the Kubernetes API. `trust`: the headers of answers that come out of a view, by name.
 *
 * @param sendsOn Whether reads of what is not watched are sent on to the API server.
 */
export function kubernetesPaths(trust: Readonly<Record<string, string>>, sendsOn: boolean): Record<string, object> {
  const { core, groups, schemas, version } = KUBERNETES_PATHS;
  const of = new KubernetesOperations(trust, sendsOn);
  const roots = [
    { id: "core", root: `${core}/{version}`, parameters: [VERSION] },
    { id: "group", root: `${groups}/{group}/{version}`, parameters: [GROUP, VERSION] },
  ];
  const below = roots.flatMap(({ id, root, parameters }) => {
    const inNamespace = [...parameters, NAMESPACE];
    return [
      [root, of.document(`${id}Resources`, "Tells the resources of a version.", parameters)],
      [`${root}/{resource}`, of.collection(`${id}List`, [...parameters, RESOURCE])],
      [`${root}/{resource}/{name}`, of.object(`${id}Get`, [...parameters, RESOURCE, NAME])],
      [`${root}/namespaces/{namespace}/{resource}`, of.collection(`${id}ListNamespace`, [...inNamespace, RESOURCE])],
      [
        `${root}/namespaces/{namespace}/{resource}/{name}`,
        of.object(`${id}GetNamespace`, [...inNamespace, RESOURCE, NAME]),
      ],
      [`${root}/watch/{resource}`, of.watch(`${id}Watch`, [...parameters, RESOURCE])],
      [`${root}/watch/{resource}/{name}`, of.watch(`${id}WatchOne`, [...parameters, RESOURCE, NAME])],
      [`${root}/watch/namespaces/{namespace}/{resource}`, of.watch(`${id}WatchNamespace`, [...inNamespace, RESOURCE])],
      [
        `${root}/watch/namespaces/{namespace}/{resource}/{name}`,
        of.watch(`${id}WatchNamespaceOne`, [...inNamespace, RESOURCE, NAME]),
      ],
    ] as const;
  });
  return {
    [version]: of.document("version", "Tells the version of Kubernetes whose rules are followed.", []),
    [core]: of.document("coreVersions", "Tells the versions of the core group.", []),
    [groups]: of.document("groups", "Tells the groups.", []),
    [`${groups}/{group}`]: of.document("groupVersions", "Tells the versions of a group.", [GROUP]),
    ...Object.fromEntries(below),
    ...(sendsOn
      ? {
          [`${schemas}/v2`]: of.document("openapiV2", "The API server's own OpenAPI v2.", []),
          [`${schemas}/v3`]: of.document("openapiV3", "The API server's own OpenAPI v3: its documents.", []),
        }
      : {}),
  };
}

class KubernetesOperations {
  readonly #trust: Readonly<Record<string, string>>;
  readonly #sendsOn: boolean;

  constructor(trust: Readonly<Record<string, string>>, sendsOn: boolean) {
    this.#trust = trust;
    this.#sendsOn = sendsOn;
  }

  document(id: string, summary: string, parameters: readonly object[]): object {
    const headers = answerHeaders(this.#sendsOn ? FORWARDED : {});
    const content = { ...json(anyObject), "application/yaml": { schema: text } };
    const responses = {
      200: { description: "The document.", headers, content },
      ...this.#refusals(401, 404, 406, 503),
    };
    return { get: { operationId: id, tags: ["kubernetes"], summary, parameters: [...parameters, ACCEPT], responses } };
  }

  collection(id: string, parameters: readonly object[]): object {
    const schema = { anyOf: [schemaRef("List"), schemaRef("Table"), schemaRef("WatchEvent")] };
    const unchanged = {
      description: "The list is the one that If-None-Match names; it is as fresh as the headers say.",
    };
    return {
      get: {
        operationId: id,
        tags: ["kubernetes"],
        summary: "Lists a watched resource, or watches it.",
        parameters: [...parameters, ...LIST_PARAMETERS],
        responses: {
          200: this.#told(
            "A Kubernetes list or Table, or a stream of watch events, each in a line of its own.",
            schema,
          ),
          304: { ...unchanged, headers: answerHeaders(this.#trust) },
          ...this.#refusals(400, 401, 403, 404, 405, 406, 410, 413, 422, 429, 503, 504),
        },
      },
    };
  }

  object(id: string, parameters: readonly object[]): object {
    return {
      get: {
        operationId: id,
        tags: ["kubernetes"],
        summary: "Gets one object of a watched resource.",
        parameters: [...parameters, RESOURCE_VERSION, MAX_STALENESS, INCLUDE_OBJECT, ACCEPT],
        responses: {
          200: this.#told("The object, or a Table of it.", anyObject),
          ...this.#refusals(400, 401, 403, 404, 405, 406, 503, 504),
        },
      },
    };
  }

  watch(id: string, parameters: readonly object[]): object {
    return {
      get: {
        operationId: id,
        tags: ["kubernetes"],
        summary: "Watches a resource: the old paths.",
        deprecated: true,
        parameters: [...parameters, ...WATCH_PARAMETERS],
        responses: {
          200: this.#told("A stream of watch events, each in a line of its own.", schemaRef("WatchEvent")),
          ...this.#refusals(400, 401, 403, 404, 405, 406, 422, 429, 503, 504),
        },
      },
    };
  }

  #told(description: string, schema: object): object {
    const headers = answerHeaders({ ...this.#trust, ...(this.#sendsOn ? FORWARDED : {}) });
    return { description, headers, content: { ...json(schema), "application/yaml": { schema: text } } };
  }

  #refusals(...codes: readonly RefusalCode[]): object {
    return this.#sendsOn ? refusals(...codes, 502) : refusals(...codes);
  }
}

/** A table, as `as=Table` asks for it. */
export const TABLE: object = {
  type: "object",
  required: ["kind", "apiVersion", "metadata", "columnDefinitions", "rows"],
  properties: {
    kind: { const: "Table" },
    apiVersion: text,
    metadata: anyObject,
    columnDefinitions: { type: "array", items: anyObject },
    rows: { type: "array", items: anyObject },
  },
};

/** One line of a watch. */
export const WATCH_EVENT: object = {
  type: "object",
  required: ["type", "object"],
  properties: { type: { enum: ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"] }, object: anyObject },
};
