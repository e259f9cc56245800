import { badRequest } from "../status/status-errors.ts";
import type { StatusError } from "../status/status.ts";
import { goQuoteChar } from "../text/go-quote.ts";
import { int64Problem } from "../text/int64.ts";

/** Where a list goes on, and at which version. */
export interface ContinuePoint {
  /** The version of the list's first page, as decimal text; `-1`: whatever is newest (an inconsistent list). */
  readonly resourceVersion: string;
  /** The first key that may come: the last key that came, and `\0`. Relative to the list, without a leading `/`. */
  readonly start: string;
}

const VERSION = "meta.k8s.io/v1";

/**
 * Writes a continue token as the API server does: JSON in unpadded base64url. Whether `start` has a leading `/` is kept
 * in the token and makes no difference to who reads it (the API server's own tokens come in both forms).
 *
 * @example
 * encodeContinue({ resourceVersion: "69", start: "/b\0" })
 */
export function encodeContinue(point: ContinuePoint): string {
  // Written by hand: the version is a JSON number that may be larger than a double can hold.
  const start = JSON.stringify(point.start).replaceAll(
    /[<>&\u2028\u2029]/gu,
    (rune) => `\\u${rune.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return Buffer.from(`{"v":"${VERSION}","rv":${point.resourceVersion},"start":${start}}`).toString("base64url");
}

/**
 * Reads a continue token, ours or the API server's. `start` comes back without a leading `/`.
 *
 * @throws StatusError 400 `invalid continue token: …`, worded as the API server does. For bad JSON that is only so where
 * its first character or its end is at fault.
 */
export function decodeContinue(token: string): ContinuePoint {
  const bytes = decodeBase64(token);
  const json = new TextDecoder().decode(bytes);
  const fields: { v?: unknown; rv?: unknown; start?: unknown } = parseToken(json, bytes);
  if (fields.v !== VERSION)
    throw invalidToken(
      `: server does not recognize this encoded version ${typeof fields.v === "string" ? fields.v : ""}`,
    );
  const rv = fields.rv === undefined || fields.rv === null ? "0" : fields.rv;
  if (typeof rv !== "string" || int64Problem(rv) === "invalid syntax") throw wrongType("rv", "int64");
  if (/^-?0+$/u.test(rv)) throw invalidToken(`: incorrect encoded start resourceVersion (version ${VERSION})`);
  const start = fields.start ?? "";
  if (typeof start !== "string") throw wrongType("start", "string");
  if (start === "") throw invalidToken(`: encoded start key empty (version ${VERSION})`);
  const relative = start.startsWith("/") ? start.slice(1) : start;
  if (!isClean(relative)) throw invalidToken(`: ${start}`);
  return { resourceVersion: rv, start: relative };
}

function invalidToken(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid${why}`);
}

function wrongType(field: string, type: string): StatusError {
  return invalidToken(`: json: cannot unmarshal value into Go struct field continueToken.${field} of type ${type}`);
}

function decodeBase64(token: string): Uint8Array {
  const text = token.replaceAll(/[\r\n]/gu, "");
  const bad = text.search(/[^A-Za-z0-9_-]/u);
  // A group of four characters may lack two or one, but not three.
  const at = bad >= 0 ? bad : text.length % 4 === 1 ? text.length - 1 : -1;
  if (at >= 0) throw invalidToken(`: illegal base64 data at input byte ${at}`);
  return Buffer.from(text, "base64url");
}

/** Takes the token apart, leaving `rv` as the text of its number. */
function parseToken(json: string, bytes: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(json, (key: string, parsed: unknown, context?: { readonly source?: string }) =>
      key === "rv" && typeof parsed === "number" ? (context?.source ?? String(parsed)) : parsed,
    );
  } catch (error) {
    throw invalidToken(`: ${jsonProblem(json, bytes, error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidToken(": json: cannot unmarshal value into Go value of type storage.continueToken");
  return value;
}

function jsonProblem(json: string, bytes: Uint8Array, error: unknown): string {
  const first = bytes.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  if (first === undefined) return "unexpected end of JSON input";
  const starts = '{["-0123456789tfn';
  if (!starts.includes(String.fromCodePoint(first)))
    return `invalid character ${goQuoteChar(first)} looking for beginning of value`;
  const message = error instanceof Error ? error.message : "";
  const position = /position (\d+)/u.exec(message)?.[1];
  if (/end of JSON input/u.test(message) || position === String(json.length)) return "unexpected end of JSON input";
  return `invalid JSON: ${json}`;
}

/** No way out of the collection: no empty, `.` or `..` segment (what Go's `path.Clean` would change). */
function isClean(path: string): boolean {
  return path === "" || path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}
