let lastSecond = Number.NaN;
let lastText = "";

/** A wall clock time, epoch milliseconds, as the API server writes it: RFC 3339, whole seconds. */
export function timestamp(at: number): string {
  const second = Math.floor(at / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** The same with microseconds, as leases have it (MicroTime). */
export function microTimestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`;
}
