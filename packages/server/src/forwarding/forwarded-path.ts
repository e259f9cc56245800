import { notFoundPath } from "@krm/apimachinery";
import { KUBERNETES_PATHS } from "@krm/protocol";
import { causedError } from "../answer/caused-error.ts";

const ROOTS: ReadonlySet<string> = new Set(Object.values(KUBERNETES_PATHS));

/** What a segment must not hold once it is decoded: some server on the way could see another path in it. No name has any of it. */
const AMBIGUOUS = /[/\\%\p{Cc}]/u;

/**
 * The one way to write a path that is sent on: what is decided about is then what is sent.
 *
 * @throws StatusError 400 for a path that servers could read differently, 404 for one that is not of the Kubernetes API.
 */
export function forwardedPath(path: string): string {
  const segments = path
    .split("/")
    .filter((segment) => segment !== "")
    .map(decoded);
  if (!ROOTS.has(`/${segments[0]}`)) throw notFoundPath();
  return `/${segments.map((segment) => encodeURIComponent(segment)).join("/")}`;
}

function decoded(segment: string): string {
  let text: string | undefined;
  try {
    text = decodeURIComponent(segment);
  } catch {
    // No percent-encoding, or not of UTF-8.
  }
  if (text !== undefined && text !== "." && text !== ".." && !AMBIGUOUS.test(text)) return text;
  const message = `the path segment ${JSON.stringify(segment.slice(0, 64))} can be understood in more than one way, and is not sent on`;
  throw causedError("NotForwarded", { code: 400, message });
}
