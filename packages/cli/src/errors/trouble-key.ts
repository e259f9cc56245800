/** What tells one trouble from another. */
export interface Trouble {
  readonly code: string;
  readonly status?: number | undefined;
  readonly hint?: string | undefined;
}

/**
 * Troubles with one key have the same reason and the same mend, whatever was asked for: their messages name different
 * paths. The key of a trouble without a hint is the beginning of those with one.
 */
export function troubleKey({ code, status, hint }: Trouble): string {
  return `${code}/${status ?? ""}${hint === undefined ? "" : `/${hint}`}`;
}
