import type { IncomingHttpHeaders } from "node:http";
import { goJson, PAGE_NOT_FOUND as NOT_FOUND_TEXT, versionInfo } from "@krm/apimachinery";
import type { SimResource } from "../cluster/sim-resource.ts";
import { discoveryAnswer } from "./discovery.ts";
import { openApiDocument, openApiIndex } from "./openapi.ts";
import type { Answer } from "./respond.ts";

const TEXT = "text/plain; charset=utf-8";

/** What the API server answers for a path that it has never heard of. */
export const PAGE_NOT_FOUND: Answer = { status: 404, body: NOT_FOUND_TEXT, contentType: TEXT };

/** Answers a GET of a path that holds no objects: health, version, discovery, OpenAPI. */
export function pathAnswer(resources: readonly SimResource[], path: string, headers: IncomingHttpHeaders): Answer {
  const trimmed = path.length > 1 ? path.replace(/\/$/, "") : path;
  switch (trimmed) {
    case "/healthz":
    case "/livez":
    case "/readyz":
      return { status: 200, body: "ok", contentType: TEXT, headers: { "x-content-type-options": "nosniff" } };
    case "/version":
      return json(versionInfo("simulated"));
    case "/openapi/v3":
      return json(openApiIndex(resources));
    default:
  }
  if (trimmed.startsWith("/openapi/v3/")) {
    const document = openApiDocument(resources, trimmed.slice("/openapi/v3/".length));
    return document === undefined ? PAGE_NOT_FOUND : json(document);
  }
  return discoveryAnswer(resources, trimmed, headers) ?? PAGE_NOT_FOUND;
}

function json(value: unknown): Answer {
  return { status: 200, body: `${goJson(value)}\n` };
}
