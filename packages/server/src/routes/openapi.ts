import { LIST_PARAMETERS, type ListParameter, PATHS, VIEW_STATES } from "@krm/protocol";
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

const text = { type: "string" };
const refused = { description: "A Kubernetes Status.", content: json({ $ref: "#/components/schemas/Status" }) };

function json(schema: object): object {
  return { "application/json": { schema } };
}

function headers(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, { description: HEADER_TEXTS[name], schema: text }]));
}

function textAnswer(description: string): object {
  return { description, content: { "text/plain": { schema: text } } };
}

/** The OpenAPI document of a server that is mounted under `prefix` and answers `paths` beside the resources. */
export function openApiDocument({
  prefix,
  paths,
}: {
  readonly prefix: string;
  readonly paths: readonly string[];
}): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "KRM, the Kubernetes Resource Monitor",
      version: "1",
      description: "A copy of a cluster's state. Every answer says how far it can be trusted.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: prefix === "" ? "/" : prefix }],
    paths: {
      "/{resource}": {
        get: {
          operationId: "list",
          summary: "Lists a watched resource.",
          parameters: [
            {
              name: "resource",
              in: "path",
              required: true,
              description: "Plural (pods), plural with group (deployments.apps), short name (po), or ingress, pvcs.",
              schema: text,
            },
            ...LIST_PARAMETERS.map((name) => ({
              name,
              in: "query",
              description: PARAMETER_TEXTS[name],
              schema: name === "limit" ? { type: "integer" } : text,
            })),
          ],
          responses: listResponses(),
        },
      },
      [PATHS.status]: {
        get: {
          operationId: "status",
          summary: "Tells the state of every watched scope.",
          responses: {
            200: {
              description: "The state.",
              headers: headers(["KRM-State", "KRM-Verified-At", "KRM-Last-Contact"]),
              content: json({ $ref: "#/components/schemas/KrmStatus" }),
            },
            default: refused,
          },
        },
      },
      [PATHS.livez]: {
        get: { operationId: "livez", security: [], responses: { 200: textAnswer("The process answers.") } },
      },
      [PATHS.readyz]: {
        get: {
          operationId: "readyz",
          security: [],
          parameters: [{ name: "verbose", in: "query", allowEmptyValue: true, schema: text }],
          responses: {
            200: textAnswer("Every scope has a view, or is visibly kept from one."),
            503: textAnswer("Some scope has no view yet."),
          },
        },
      },
      ...(paths.includes(PATHS.metrics) ? { [PATHS.metrics]: METRICS_PATH } : {}),
    },
    components: {
      schemas: { List: LIST, Status: STATUS, KrmStatus: STATUS_SCHEMA },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
    security: [{ bearer: [] }, {}],
  };
}

function listResponses(): object {
  return {
    200: {
      description: "A Kubernetes list.",
      headers: headers(Object.keys(HEADER_TEXTS)),
      content: json({ $ref: "#/components/schemas/List" }),
    },
    304: { description: "The view is the one that If-None-Match names." },
    400: refused,
    401: refused,
    404: refused,
    410: refused,
    413: refused,
    422: refused,
    503: refused,
    504: refused,
    default: refused,
  };
}

const METRICS_PATH = {
  get: {
    operationId: "metrics",
    summary: "Tells how the process fares, for Prometheus.",
    responses: { 200: textAnswer("The metrics."), default: refused },
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
      properties: { resourceVersion: text, continue: text, remainingItemCount: { type: "integer" } },
    },
    items: { type: "array", items: { type: "object" } },
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
    details: { type: "object" },
    code: { type: "integer" },
  },
};
