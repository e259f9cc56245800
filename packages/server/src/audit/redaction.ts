import { LIST_PARAMETERS } from "@krm/protocol";
import { withoutAuthority } from "../kubernetes/request-target.ts";

/** What stands in the place of a secret. */
const REDACTED = "REDACTED";

/** Parameters that the server knows. Whatever else stands in a query may be a token at the wrong place. */
const KNOWN: ReadonlySet<string> = new Set([
  ...LIST_PARAMETERS,
  "allowWatchBookmarks",
  "includeObject",
  "pretty",
  "sendInitialEvents",
  "timeoutSeconds",
  "verbose",
  "watch",
]);

/** What is plainly a word, and no token. */
const WORD = /^[A-Za-z_]{1,32}$/u;

/** Shorter texts stand everywhere, and are no token. */
const SHORTEST = 8;

/** Errors quote this many characters of a parameter's name. */
const QUOTED = 64;

/** Takes the secrets of one request out of what is written of it. */
export interface Redaction {
  /** The target: of parameters that the server does not know neither the value stays, nor a name that is no word. */
  readonly uri: string;
  /** A text that may quote the request. */
  readonly text: (text: string) => string;
}

/** @param token The bearer token of the request: it is hidden wherever else it stands. */
export function redactionOf(target: string, token: string | undefined): Redaction {
  const own = withoutAuthority(target);
  const mark = own.indexOf("?");
  const secrets = new Set<string>(token === undefined ? [] : [token, encodeURIComponent(token)]);
  const hide = (text: string): string => {
    let shown = text;
    for (const secret of secrets) if (secret.length >= SHORTEST) shown = shown.replaceAll(secret, REDACTED);
    return shown;
  };
  const query =
    mark < 0
      ? ""
      : `?${own
          .slice(mark + 1)
          .split("&")
          .map((pair) => shownPair(pair, secrets))
          .join("&")}`;
  return { uri: hide((mark < 0 ? own : own.slice(0, mark)) + query), text: hide };
}

/** One parameter as it is written down; what is left out of it is added to the secrets. */
function shownPair(pair: string, secrets: Set<string>): string {
  const equals = pair.indexOf("=");
  const name = equals < 0 ? pair : pair.slice(0, equals);
  const known = decoded(name);
  if (pair === "" || KNOWN.has(known)) return pair;
  const value = equals < 0 ? "" : pair.slice(equals + 1);
  for (const secret of [value, decoded(value)]) secrets.add(secret);
  const isWord = WORD.test(name);
  if (!isWord) for (const secret of [name, known, known.slice(0, QUOTED)]) secrets.add(secret);
  return `${isWord ? name : REDACTED}${value === "" ? "" : `=${REDACTED}`}`;
}

function decoded(text: string): string {
  return new URLSearchParams(`x=${text}`).get("x") ?? text;
}
