/** A moment as answers tell it: RFC 3339 in UTC, with milliseconds. */
export function time(at: number): string {
  return new Date(at).toISOString();
}
