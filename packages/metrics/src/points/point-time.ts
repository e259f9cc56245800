/*
 * InfluxDB keeps one point for a series and a time: a second one overwrites the first. So what happens within one
 * millisecond must differ in the six digits behind it, and always by the same ones, so that a point which is written
 * again overwrites itself and nothing else.
 */

/** The last digits that a millisecond has room for. */
const DIGITS = 6;

/**
 * The time of a point about one event: when it was read (epoch milliseconds), and the end of its resourceVersion. No two
 * events of a resource share a version, and a million versions do not go by in a millisecond.
 *
 * @returns epoch nanoseconds
 */
export function eventTime(atMs: number, resourceVersion: string): string {
  const digits = /\d{1,6}$/.exec(resourceVersion)?.[0] ?? hash(resourceVersion);
  return timeOf(atMs, digits);
}

/** The time of a point that nothing but a text tells from others. Epoch nanoseconds. */
export function namedTime(atMs: number, name: string): string {
  return timeOf(atMs, hash(name));
}

/** The time of a point that is alone in its series at a time. Epoch nanoseconds. */
export function sampleTime(atMs: number): string {
  return timeOf(atMs, "");
}

function timeOf(atMs: number, digits: string): string {
  return `${Math.floor(atMs)}${digits.padStart(DIGITS, "0")}`;
}

/** FNV-1a, cut to what there is room for. */
function hash(text: string): string {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return String(sum % 10 ** DIGITS);
}
