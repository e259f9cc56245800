/** What stands before the path of a target in absolute form. */
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/iu;

/** A request target without the server that it may name, as proxies are sent it: it is this one. */
export function withoutAuthority(target: string): string {
  return target.replace(AUTHORITY, "");
}

/** Where a request goes. */
export interface RequestTarget {
  /** As many segments as the prefix has, one of which may be a parameter: what stands before the path. */
  readonly base: string;
  /** The segments below it as they were written, but for empty ones, which stand for nothing. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Reads a target under a prefix. */
export function targetOf(target: string, prefix: string): RequestTarget {
  const own = withoutAuthority(target);
  const mark = own.indexOf("?");
  const segments = (mark < 0 ? own : own.slice(0, mark)).split("/");
  const base = segments.splice(0, prefix.split("/").length).join("/");
  const path = `/${segments.filter((segment) => segment !== "").join("/")}`;
  return { base, path, query: new URLSearchParams(mark < 0 ? "" : own.slice(mark + 1)) };
}
