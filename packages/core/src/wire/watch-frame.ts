import type { Buffer } from "node:buffer";
import { parseResourceVersion } from "../model/resource-version.ts";
import type { WatchEvent } from "../ports/list-watch.ts";
import { decodeStatus } from "./api-status.ts";
import { CLOSE_BRACE, COMMA, OPEN_BRACE } from "./json-bytes.ts";
import { expected, JsonSyntaxError, skipSpace, skipValue } from "./json-scan.ts";
import { type MemberPlan, type NameFound, planNames, readName } from "./member-plan.ts";
import type { ObjectScan } from "./object-scan.ts";
import { ordered } from "./object-fields.ts";
import { TOLD_CONTACT, toldContact } from "./told-contact.ts";
import { WireObject } from "./wire-object.ts";

const FRAME = planNames("type", "object");
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/** Decodes the frame that lies in `b` from `at` (its brace) to `end`. */
export function decodeFrame(b: Buffer, at: number, end: number, scan: ObjectScan, plan: MemberPlan): WatchEvent {
  let type: string | undefined;
  let objectStart = -1;
  let objectEnd = -1;
  let scanned = false;
  if (b[at] !== OPEN_BRACE) throw expected('"{"', b, at, end);
  const found: NameFound = { member: undefined, valueStart: 0 };
  let i = skipSpace(b, at + 1, end);
  if (b[i] === CLOSE_BRACE) throw new JsonSyntaxError("type is missing", at);
  for (;;) {
    readName(FRAME, b, i, end, found);
    const name = found.member?.name;
    const start = found.valueStart;
    if (name === "type") {
      if (type !== undefined) throw new JsonSyntaxError("a second type", start);
      i = skipValue(b, start, end);
      const text: unknown = JSON.parse(b.toString("utf8", start, i));
      if (typeof text !== "string") throw new JsonSyntaxError("type is not a string", start);
      type = text;
    } else if (name === "object") {
      if (objectStart !== -1) throw new JsonSyntaxError("a second object", start);
      scanned = isObjectType(type);
      objectStart = start;
      i = objectEnd = scanned ? scan.scan(b, start, end, plan) : skipValue(b, start, end);
    } else {
      i = skipValue(b, start, end);
    }
    i = skipSpace(b, i, end);
    if (i < end && b[i] === CLOSE_BRACE) break;
    if (b[i] !== COMMA) throw expected('"," or "}"', b, i, end);
    i++;
  }
  i = skipSpace(b, i + 1, end);
  if (i < end) throw new JsonSyntaxError("the frame has ended, but the line goes on", i);
  if (type === undefined) throw new JsonSyntaxError("type is missing", at);
  if (objectStart === -1) throw new JsonSyntaxError("object is missing", at);
  if (isObjectType(type)) {
    if (!scanned) scan.scan(b, objectStart, objectEnd, plan);
    return { type, object: ordered(new WireObject(b, objectStart, objectEnd, scan)) };
  }
  const object = b.subarray(objectStart, objectEnd);
  if (type === "BOOKMARK") return decodeBookmark(object, objectStart);
  if (type === "ERROR") return { type, status: decodeStatus(object) };
  throw new JsonSyntaxError(`unknown type ${JSON.stringify(type.slice(0, 40))}`, at);
}

function isObjectType(type: string | undefined): type is "ADDED" | "MODIFIED" | "DELETED" {
  return type === "MODIFIED" || type === "ADDED" || type === "DELETED";
}

/** A bookmark is an object with a version and nothing else of use, but for the annotations: one ends a streaming list. */
function decodeBookmark(object: Buffer, at: number): WatchEvent {
  const { metadata } = (JSON.parse(object.toString("utf8")) ?? {}) as {
    metadata?: { resourceVersion?: unknown; annotations?: Record<string, unknown> | null } | null;
  };
  const resourceVersion = metadata?.resourceVersion;
  if (typeof resourceVersion !== "string") {
    throw new JsonSyntaxError("a bookmark without metadata.resourceVersion", at);
  }
  const { annotations } = metadata ?? {};
  const heardAt = toldContact(annotations?.[TOLD_CONTACT.annotation]);
  return {
    type: "BOOKMARK",
    resourceVersion: parseResourceVersion(resourceVersion),
    initialEventsEnd: annotations?.[INITIAL_EVENTS_END] === "true",
    ...(heardAt !== undefined && { heardAt }),
  };
}
