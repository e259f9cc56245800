import { ParseError } from "./parse-error.ts";

/** Who may read from the server. */
export type AuthChoice = { readonly type: "none" } | { readonly type: "static"; readonly file: string };

/**
 * Reads `static:FILE` or `none`.
 *
 * @throws ParseError
 */
export function parseAuth(text: string): AuthChoice {
  if (text === "none") return { type: "none" };
  const file = text.startsWith("static:") ? text.slice("static:".length) : "";
  if (file !== "") return { type: "static", file };
  throw new ParseError(
    `${JSON.stringify(text)} is not a way to authenticate: write static:FILE (one token a line) or none (everyone)`,
  );
}
