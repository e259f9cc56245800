/**
 * A redirect's target as path and query below the API server's own path; undefined: there is none, or it leads elsewhere.
 *
 * @param asked The URL that was answered with it.
 * @param base The path of the API server, without a slash at the end.
 */
export function ownLocation(
  location: string | readonly string[] | undefined,
  asked: URL,
  base: string,
): string | undefined {
  if (typeof location !== "string" || !URL.canParse(location, asked.href)) return undefined;
  const { origin, pathname, search } = new URL(location, asked);
  if (origin !== asked.origin || !pathname.startsWith(`${base}/`)) return undefined;
  return `${pathname.slice(base.length)}${search}`;
}
