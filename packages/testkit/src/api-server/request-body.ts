import type { IncomingMessage } from "node:http";
import { badRequest, type StatusError, statusError } from "@krm/apimachinery";
import { apiVersionOf, type ResourceType } from "@krm/core";
import { parse } from "yaml";
import { isJsonObject, type JsonObject } from "../cluster/sim-object.ts";
import { goJsonError } from "./go-json-error.ts";
import { decodeProtobuf, PROTOBUF } from "./protobuf/decode.ts";

/** Upstream `MaxRequestBodyBytes`. */
const LIMIT_BYTES = 3 * 1024 * 1024;
/** How much of a body that makes no sense is repeated in the answer. */
const SHOWN_BYTES = 100;

/** Reads a whole body. @throws StatusError 413 above 3 MiB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > LIMIT_BYTES) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The media type of a body, without its parameters; JSON where none is given. */
export function mediaType(contentType: string | undefined): string {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  return type === "" ? "application/json" : type;
}

/**
 * Reads an object out of a body of JSON, YAML or protobuf. A body without `kind` or `apiVersion` gets those of the resource, as
 * upstream.
 *
 * @throws StatusError 400 for a body that does not parse or is of another kind, 415 for another media type.
 */
export function decodeObject(body: Buffer, contentType: string | undefined, resource: ResourceType): JsonObject {
  const value = decode(body, contentType, `must be of type ${resource.kind}`);
  const { kind = resource.kind, apiVersion = apiVersionOf(resource) } = value;
  if (apiVersion !== apiVersionOf(resource)) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${apiVersionOf(resource)})`,
    );
  }
  if (kind !== resource.kind) {
    throw badRequest(
      `${String(kind)} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}: the kind of the object must be that of the path`,
    );
  }
  return { ...value, kind, apiVersion };
}

/** Reads the options of a delete; a body is not needed. */
export function decodeDeleteOptions(body: Buffer, contentType: string | undefined): JsonObject {
  return body.length === 0 ? {} : decode(body, contentType, "must be of type DeleteOptions");
}

function decode(body: Buffer, contentType: string | undefined, expected: string): JsonObject {
  const type = mediaType(contentType);
  if (type === PROTOBUF) return decodeProtobuf(body);
  const value = type === "application/json" ? fromJson(body, expected) : fromYaml(body, type, expected);
  if (isJsonObject(value)) return value;
  throw unrecognized(body, expected, "json: cannot unmarshal into Go value of type struct");
}

function fromJson(body: Buffer, expected: string): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw unrecognized(body, expected, `json parse error: ${goJsonError(body) ?? "not UTF-8"}`);
  }
}

function fromYaml(body: Buffer, type: string, expected: string): unknown {
  if (type !== "application/yaml") throw unsupportedMediaType(["application/json", "application/yaml", PROTOBUF]);
  try {
    return parse(body.toString());
  } catch (error) {
    throw unrecognized(body, expected, `yaml parse error: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** 415: the request's media type is none of `accepted`. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const list = accepted.join(", ");
  return statusError({
    code: 415,
    reason: "UnsupportedMediaType",
    message: `the body of the request was in an unknown format - accepted media types include: ${list}`,
  });
}

function tooLarge(): StatusError {
  return statusError({
    code: 413,
    reason: "RequestEntityTooLarge",
    message: `Request entity too large: limit is ${LIMIT_BYTES}`,
  });
}

function unrecognized(body: Buffer, expected: string, why: string): StatusError {
  const shown = body.subarray(0, SHOWN_BYTES);
  const text = body.length === 0 ? "<empty>" : shown[0] === 0x7b ? shown.toString() : shown.toString("hex");
  const more = body.length > SHOWN_BYTES ? " ..." : "";
  return badRequest(
    `the object provided is unrecognized (${expected}): couldn't get version/kind; ${why} (${text}${more})`,
  );
}
