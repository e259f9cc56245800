const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const;

/** A length of time in one or two units, as kubectl shows ages: `42s`, `5m10s`, `3h`, `12d`. Below zero it is `0s`. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const [unit, size] = UNITS[at] ?? ["s", 1];
  const count = Math.floor(whole / size);
  const [nextUnit, nextSize] = UNITS[at + 1] ?? ["", 1];
  const rest = Math.floor((whole % size) / nextSize);
  return count < 10 && nextUnit !== "" && rest > 0 ? `${count}${unit}${rest}${nextUnit}` : `${count}${unit}`;
}

/** Seconds with as many digits as they deserve: `4 ms`, `0.85 s`, `12 s`. */
export function formatSeconds(seconds: number): string {
  const amount = Math.abs(seconds);
  if (amount === 0) return "0 s";
  if (amount < 0.1) return `${Number((seconds * 1000).toPrecision(2))} ms`;
  if (amount < 120) return `${Number(seconds.toPrecision(amount < 1 ? 2 : 3))} s`;
  return formatSpan(seconds);
}

/** How long ago a time of the server was, by the server's own clock; undefined: not known. Seconds. */
export function secondsSince(time: string | undefined, now: number): number | undefined {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? undefined : (now - at) / 1000;
}
