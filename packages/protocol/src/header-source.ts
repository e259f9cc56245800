/** Where headers are read from: a `Headers` of fetch, or Node's `IncomingHttpHeaders` (lower-case names). */
export type HeaderSource =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** One header, its values joined by commas. Undefined: there is none. */
export function headerIn(headers: HeaderSource, name: string): string | undefined {
  if (isReader(headers)) return headers.get(name) ?? undefined;
  const value = headers[name.toLowerCase()] ?? headers[name];
  return typeof value === "string" ? value : value?.join(", ");
}

function isReader(headers: HeaderSource): headers is { get(name: string): string | null } {
  return typeof headers["get"] === "function";
}
