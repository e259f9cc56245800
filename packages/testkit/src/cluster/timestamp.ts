/** A wall clock time, epoch milliseconds, as the API server writes it: RFC 3339, whole seconds. */
export function timestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** The same with microseconds, as leases have it (MicroTime). */
export function microTimestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`;
}
