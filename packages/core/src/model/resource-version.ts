import { KrmError } from "../errors.ts";
import type { Brand } from "./brand.ts";

/**
 * A Kubernetes resourceVersion: a positive decimal string of any length without leading zeros, ordered within one
 * resource of one cluster only (KEP-5504). Never turned into a number: real ones outgrow 2^53, and legal ones 2^64.
 */
export type ResourceVersion = Brand<string, "ResourceVersion">;

const WELL_FORMED = /^[1-9][0-9]*$/;

/** Tells whether `text` is a resourceVersion that can be ordered. `""` and `"0"` are requests, not versions. */
export function isResourceVersion(text: string): text is ResourceVersion {
  return WELL_FORMED.test(text);
}

/**
 * Takes `text` for a resourceVersion.
 *
 * @throws KrmError `KRM_INVALID_RESOURCE_VERSION` when it does not parse. The resource that sent it goes on in
 * snapshot-only mode (law 8).
 */
export function parseResourceVersion(text: string): ResourceVersion {
  if (isResourceVersion(text)) return text;
  throw new KrmError(
    "KRM_INVALID_RESOURCE_VERSION",
    `resourceVersion ${JSON.stringify(text)} is not a positive decimal number, so versions of this resource cannot be compared`,
  );
}

/**
 * Orders two resourceVersions: negative, zero or positive, as `Array.prototype.sort` wants it. By length, then by text:
 * upstream `CompareResourceVersion` of k8s.io/apimachinery/pkg/util/resourceversion.
 *
 * @example
 * compareResourceVersions(parseResourceVersion("9"), parseResourceVersion("10")) // < 0
 */
export function compareResourceVersions(a: ResourceVersion, b: ResourceVersion): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The newer of two resourceVersions; `undefined` counts as older than any. */
export function newestResourceVersion(a: ResourceVersion | undefined, b: ResourceVersion): ResourceVersion;
export function newestResourceVersion(
  a: ResourceVersion | undefined,
  b: ResourceVersion | undefined,
): ResourceVersion | undefined;
export function newestResourceVersion(
  a: ResourceVersion | undefined,
  b: ResourceVersion | undefined,
): ResourceVersion | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return compareResourceVersions(a, b) >= 0 ? a : b;
}
