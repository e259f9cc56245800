import { KrmError } from "@krm/core";

/**
 * The address and the database of a PostgreSQL URL, for people: nothing secret is in it.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` that does not repeat the URL.
 */
export function describePostgres(url: string): string {
  const { hostname, port, pathname, searchParams } = parse(url);
  const host = searchParams.get("host") ?? hostname;
  const database = pathname.slice(1);
  return `PostgreSQL at ${host || "its default address"}:${port || "5432"}${database && `, database ${database}`}`;
}

function parse(url: string): URL {
  // Its error would hold the URL, and with it the password.
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^postgres(?:ql)?:$/.test(parsed.protocol)) return parsed;
  throw new KrmError("KRM_INVALID_ARGUMENT", "this is no PostgreSQL URL", {
    hint: "Write postgres://USER:PASSWORD@HOST:5432/DATABASE; what is special in a URL, as @ and /, as %40 and %2F.",
  });
}
