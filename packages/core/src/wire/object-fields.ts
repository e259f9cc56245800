import type { Buffer } from "node:buffer";
import { KrmError } from "../errors.ts";
import { isResourceVersion, parseResourceVersion } from "../model/resource-version.ts";
import type { Revision } from "../model/stored-object.ts";
import { OPEN_BRACE, QUOTE } from "./json-bytes.ts";
import { JsonSyntaxError } from "./json-scan.ts";
import type { Field } from "./member-plan.ts";
import type { ObjectScan, Range } from "./object-scan.ts";

/** The text between two quotes, which are at `start - 1` and `end`. */
export function text(b: Buffer, start: number, end: number): string {
  const raw = b.toString("utf8", start, end);
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
}

/** Whether the member is there; if so, it must be a string. */
export function isString(b: Buffer, range: Range, field: Field): boolean {
  if (range.start === -1) return false;
  if (b[range.start] !== QUOTE) throw new JsonSyntaxError(`metadata.${field} is not a string`, range.start);
  return true;
}

/** A member that must be a string where it is there. */
export function optional(b: Buffer, range: Range, field: Field): string | undefined {
  return isString(b, range, field) ? text(b, range.start + 1, range.end - 1) : undefined;
}

/** A member without which an object has no identity. `at`: where the object begins. */
export function required(b: Buffer, at: number, range: Range, field: Field): string {
  const value = optional(b, range, field);
  if (value === undefined || value === "") throw new JsonSyntaxError(`metadata.${field} is missing`, at);
  return value;
}

/** `metadata.deletionGracePeriodSeconds`. */
export function gracePeriod(b: Buffer, { fields }: ObjectScan): number | undefined {
  const { start, end } = fields.deletionGracePeriodSeconds;
  if (start === -1) return undefined;
  const value = Number(b.toString("latin1", start, end));
  if (Number.isSafeInteger(value)) return value;
  throw new JsonSyntaxError("metadata.deletionGracePeriodSeconds is not a whole number", start);
}

/** Where `metadata.labels` stand, in the scanned buffer. */
export function labelsRange(b: Buffer, { fields }: ObjectScan): Range {
  const { labels } = fields;
  if (labels.start !== -1 && b[labels.start] !== OPEN_BRACE) {
    throw new JsonSyntaxError("metadata.labels is not an object", labels.start);
  }
  return labels;
}

/**
 * `object` with a version that can be ordered.
 *
 * @throws KrmError `KRM_INVALID_RESOURCE_VERSION`
 */
export function ordered<T extends Revision>(object: T): T {
  if (isResourceVersion(object.resourceVersion)) return object;
  try {
    parseResourceVersion(object.resourceVersion);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new KrmError("KRM_INVALID_RESOURCE_VERSION", `object ${JSON.stringify(object.key)}: ${why}`, { cause });
  }
  return object;
}
