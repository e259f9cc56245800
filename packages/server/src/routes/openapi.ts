import { PAGE_FOLDER } from "@krm/page";
import { LIST_PARAMETERS, type ListParameter, PATHS, VIEW_STATES } from "@krm/protocol";
import { kubernetesPaths, TABLE, WATCH_EVENT } from "./openapi-kubernetes.ts";
import {
  answerHeaders,
  anyObject,
  headerParameter,
  integer,
  json,
  pathParameter,
  queryParameter,
  refusals,
  schemaRef,
  text,
  textAnswer,
} from "./openapi-parts.ts";
import { STATUS_SCHEMA } from "./status-schema.ts";

const PARAMETER_TEXTS: Readonly<Record<ListParameter, string>> = {
  name: "The object of this name (of every namespace, where none is given).",
  namespace: "Objects of this namespace. Not for cluster-scoped resources.",
  node: "Pods bound to this node. Pods only.",
  owner: "Objects that the object of this uid owns.",
  label_selector: "The same as labelSelector.",
  labelSelector: "A Kubernetes label selector.",
  fieldSelector: "A Kubernetes field selector, over the fields that the API server supports for the resource.",
  limit: "Items, at most. 0: all.",
  continue: "metadata.continue of the page before.",
  scope: "accessible: of all namespaces, those in which the reader may list, where they may not list everywhere.",
  maxStaleness: "A duration such as 30s: an answer that cannot be proved to be this young is a 504.",
  resourceVersion: "The version that the answer must have reached; waited for up to 3 seconds.",
  resourceVersionMatch: "NotOlderThan (the default) or Exact.",
};

const HEADER_TEXTS: Readonly<Record<string, string>> = {
  "KRM-State": `How far the answer can be trusted: ${VIEW_STATES.join(", ")}.`,
  "KRM-Verified-At": "When the newest verified snapshot was asked for.",
  "KRM-Verified-Resource-Version": "Everything up to this version is certain.",
  "KRM-Streamed-Through": "The watch has told everything up to this version.",
  "KRM-Last-Contact": "When the API server last said something that is in the view.",
  "KRM-Scope": "Where scope was asked for: all, or accessible where the list is of some namespaces only.",
  "KRM-Scope-Namespaces": "Of an accessible list: from how many namespaces it is.",
  Warning: "Why the answer deserves less trust.",
  ETag: "Changes with the view.",
};

const PARAMETER_SCHEMAS: Readonly<Partial<Record<ListParameter, object>>> = {
  limit: integer,
  scope: { enum: ["accessible"] },
  resourceVersionMatch: { enum: ["Exact", "NotOlderThan"] },
};

/** What a document is of. */
export interface OpenApiOptions {
  /** Where the server is mounted. */
  readonly prefix: string;
  /** What it answers beside the resources. */
  readonly paths: readonly string[];
  /** Whether reads of what is not watched are sent on to the API server. */
  readonly sendsOn: boolean;
}

/** The OpenAPI document of a server. */
export function openApiDocument({ paths, prefix, sendsOn }: OpenApiOptions): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "KRM, the Kubernetes Resource Monitor",
      version: "1",
      description:
        "A copy of a cluster's state. Every answer says how far it can be trusted. HEAD is answered wherever GET is, and nothing else.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: prefix === "" ? "/" : prefix }],
    tags: [
      { name: "flat", description: "KRM's own lists." },
      { name: "kubernetes", description: "What is watched, as the API server answers it." },
      { name: "server", description: "How the server fares." },
    ],
    paths: {
      "/": {
        get: {
          operationId: "index",
          tags: ["server"],
          summary: "Says what there is to read: a page for browsers (who ask for text/html), text for all others.",
          description: "The page is open to all: it holds no data. So it is 401, 403 and 503 for the text alone.",
          responses: {
            200: {
              description: "For people.",
              content: { "text/plain": { schema: text }, "text/html": { schema: text } },
            },
            304: { description: "The page is the one that If-None-Match names." },
            308: { description: "The page is at the same path with a slash at its end." },
            ...refusals(400, 401, 403, 503),
          },
        },
      },
      [`/${PAGE_FOLDER}/{file}`]: {
        get: {
          operationId: "pageFile",
          tags: ["server"],
          summary: "A file of the page, named by a hash of its content.",
          security: [],
          parameters: [pathParameter("file", "As the page names it.")],
          responses: {
            200: {
              description: "The file.",
              content: { "text/javascript": { schema: text }, "text/css": { schema: text } },
            },
            304: { description: "The file is the one that If-None-Match names." },
            ...refusals(404),
          },
        },
      },
      "/{resource}": {
        get: {
          operationId: "list",
          tags: ["flat"],
          summary: "Lists a watched resource.",
          parameters: [
            pathParameter(
              "resource",
              "Plural (pods), plural with group (deployments.apps), short name (po), or ingress, pvcs.",
            ),
            ...LIST_PARAMETERS.map((name) => queryParameter(name, PARAMETER_TEXTS[name], PARAMETER_SCHEMAS[name])),
            headerParameter("If-None-Match", "The ETag of a list that the reader has."),
          ],
          responses: listResponses(),
        },
      },
      [PATHS.status]: {
        get: {
          operationId: "status",
          tags: ["server"],
          summary: "Tells the state of every watched scope.",
          parameters: [
            queryParameter(
              "delays",
              "A duration, 1h at most: how late events were within it too, where the server measures that.",
            ),
          ],
          responses: {
            200: {
              description: "The state.",
              headers: answerHeaders(pick(HEADER_TEXTS, ["KRM-State", "KRM-Verified-At", "KRM-Last-Contact"])),
              content: json(schemaRef("KrmStatus")),
            },
            ...refusals(400, 401, 403, 503),
          },
        },
      },
      [PATHS.livez]: {
        get: {
          operationId: "livez",
          tags: ["server"],
          summary: "Answers while the process can.",
          security: [],
          parameters: [VERBOSE],
          responses: { 200: textAnswer("The process answers."), ...refusals(400) },
        },
      },
      [PATHS.readyz]: {
        get: {
          operationId: "readyz",
          tags: ["server"],
          summary: "Tells whether readers can be answered.",
          security: [],
          parameters: [VERBOSE],
          responses: {
            200: textAnswer("Every scope has a view, or is visibly kept from one."),
            ...refusals(400),
            503: textAnswer("Some scope has no view yet."),
          },
        },
      },
      ...(paths.includes(PATHS.metrics) ? { [PATHS.metrics]: METRICS_PATH } : {}),
      [PATHS.openapi]: {
        get: {
          operationId: "openapi",
          tags: ["server"],
          summary: "This document.",
          responses: {
            200: { description: "OpenAPI 3.1.", content: json(anyObject) },
            ...refusals(400, 401, 403, 503),
          },
        },
      },
      ...kubernetesPaths(HEADER_TEXTS, sendsOn),
    },
    components: {
      schemas: { List: LIST, Status: STATUS, Table: TABLE, WatchEvent: WATCH_EVENT, KrmStatus: STATUS_SCHEMA },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
    security: [{ bearer: [] }, {}],
  };
}

function listResponses(): object {
  const headers = answerHeaders(HEADER_TEXTS);
  return {
    200: { description: "A Kubernetes list.", headers, content: json(schemaRef("List")) },
    304: { description: "The list is the one that If-None-Match names; it is as fresh as the headers say.", headers },
    ...refusals(400, 401, 403, 404, 410, 413, 503, 504),
  };
}

function pick(from: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, from[name] ?? ""]));
}

const VERBOSE = {
  name: "verbose",
  in: "query",
  allowEmptyValue: true,
  description: "Tells each check.",
  schema: text,
};

const METRICS_PATH = {
  get: {
    operationId: "metrics",
    tags: ["server"],
    summary: "Tells how the process fares, for Prometheus.",
    responses: { 200: textAnswer("The metrics."), ...refusals(400, 401, 403, 503) },
  },
};

const LIST = {
  type: "object",
  required: ["kind", "apiVersion", "metadata", "items"],
  properties: {
    kind: text,
    apiVersion: text,
    metadata: {
      type: "object",
      required: ["resourceVersion"],
      properties: { resourceVersion: text, continue: text, remainingItemCount: integer },
    },
    items: { type: "array", items: anyObject },
  },
};

const STATUS = {
  type: "object",
  required: ["kind", "apiVersion", "metadata", "status", "message", "code"],
  properties: {
    kind: { const: "Status" },
    apiVersion: { const: "v1" },
    metadata: { type: "object", properties: { continue: text } },
    status: { const: "Failure" },
    message: text,
    reason: text,
    details: anyObject,
    code: integer,
  },
};
