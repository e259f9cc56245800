import { createHash, timingSafeEqual } from "node:crypto";
import { KrmError } from "@krm/core";
import type { Identity } from "./authenticator.ts";

/** Tokens and whom they belong to. Holds digests only. */
export interface TokenList {
  readonly size: number;
  /** Compares with every token in the same time, whichever fits. */
  find(token: string): Identity | undefined;
}

/** Shorter ones can be guessed. */
const SHORTEST = 8;

/**
 * Reads a file of tokens: one `token` or `token,user` a line; blank lines and lines that start with `#` are passed over.
 * Without a user the token belongs to `token-<line>`.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` that names file and line, never a token.
 */
export function parseTokenList(text: string, file: string): TokenList {
  const entries = new Map<string, { readonly digest: Buffer; readonly identity: Identity; readonly line: number }>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === "" || content.startsWith("#")) continue;
    const [token, user] = parseLine(content, `${file}, line ${line}`, line);
    const digest = digestOf(token);
    const hex = digest.toString("hex");
    const known = entries.get(hex);
    if (known !== undefined) throw bad(`${file}, line ${line}`, `has the same token as line ${known.line}`);
    entries.set(hex, { digest, identity: { user }, line });
  }
  if (entries.size === 0) throw bad(file, "holds no token");
  const all = [...entries.values()];
  return {
    size: all.length,
    find(token) {
      const digest = digestOf(token);
      let found: Identity | undefined;
      for (const entry of all) if (timingSafeEqual(entry.digest, digest)) found = entry.identity;
      return found;
    },
  };
}

function parseLine(content: string, place: string, line: number): readonly [token: string, user: string] {
  const fields = content.split(",").map((field) => field.trim());
  const [token = "", user] = fields;
  if (fields.length > 2) throw bad(place, "has more than a token and a user");
  if (/\s/u.test(token)) throw bad(place, "has a token with white space in it");
  if (token.length < SHORTEST) throw bad(place, `has a token of less than ${SHORTEST} characters`);
  if (user === "") throw bad(place, "has a comma but no user");
  return [token, user ?? `token-${line}`];
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function bad(place: string, problem: string): KrmError {
  return new KrmError("KRM_INVALID_ARGUMENT", `token file ${place}: ${problem}`, {
    hint: 'Write one "token" or "token,user" a line; lines that start with # are comments.',
  });
}
