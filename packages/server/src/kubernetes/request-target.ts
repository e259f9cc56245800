/** What stands before the path of a target in absolute form. */
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/iu;

/** A request target without the server that it may name, as proxies are sent it: it is this one. */
export function withoutAuthority(target: string): string {
  return target.replace(AUTHORITY, "");
}

/**
 * The path below as many segments as the prefix has (one of which may be a parameter), its own as they were written but for
 * empty ones, which stand for nothing; and the query.
 */
export function targetOf(target: string, prefix: string): { readonly path: string; readonly query: URLSearchParams } {
  const own = withoutAuthority(target);
  const mark = own.indexOf("?");
  const segments = (mark < 0 ? own : own.slice(0, mark)).split("/").slice(prefix.split("/").length);
  const path = `/${segments.filter((segment) => segment !== "").join("/")}`;
  return { path, query: new URLSearchParams(mark < 0 ? "" : own.slice(mark + 1)) };
}
