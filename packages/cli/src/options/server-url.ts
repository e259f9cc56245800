import { ParseError } from "./parse-error.ts";

/**
 * Reads the URL of a KRM server, without a slash at its end.
 *
 * @throws ParseError
 */
export function parseServerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) {
    if (url.username !== "" || url.password !== "") {
      throw new ParseError("a URL with a user or password in it is refused: put the token in a file, for --token-file");
    }
    if (url.search === "" && url.hash === "") return url.href.replace(/\/+$/, "");
  }
  throw new ParseError(`${JSON.stringify(text)} is not the URL of a server: write it like http://127.0.0.1:8003`);
}
