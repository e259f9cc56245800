import { ParseError } from "./parse-error.ts";

/** Who may read from the server. */
export type AuthChoice =
  | { readonly type: "none" }
  | { readonly type: "static"; readonly file: string }
  /** Audiences: none for the API server's own. */
  | { readonly type: "tokenreview"; readonly audiences: readonly string[] };

const TOKEN_REVIEW = "tokenreview";

/**
 * Reads `tokenreview`, `tokenreview:AUDIENCE,AUDIENCE`, `static:FILE` or `none`.
 *
 * @throws ParseError
 */
export function parseAuth(text: string): AuthChoice {
  if (text === "none") return { type: "none" };
  if (text === TOKEN_REVIEW) return { type: "tokenreview", audiences: [] };
  const file = text.startsWith("static:") ? text.slice("static:".length) : "";
  if (file !== "") return { type: "static", file };
  const audiences = text.startsWith(`${TOKEN_REVIEW}:`) ? text.slice(TOKEN_REVIEW.length + 1).split(",") : [];
  if (audiences.length > 0 && audiences.every((audience) => /^\S+$/u.test(audience))) {
    return { type: "tokenreview", audiences };
  }
  throw new ParseError(
    `${JSON.stringify(text)} is not a way to authenticate: write tokenreview (whom the cluster lets read), tokenreview:AUDIENCE, static:FILE (one token a line) or none (everyone)`,
  );
}
