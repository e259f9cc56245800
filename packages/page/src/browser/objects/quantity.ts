const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity as a number, as exact as numbers are: to be shown and sorted. 0 for what is none. */
export function parseQuantity(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return 0;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/u.exec(value);
  if (match === null) return 0;
  const [, digits, exponent = "", suffix = ""] = match;
  return Number(`${digits}${exponent}`) * (SUFFIXES[suffix] ?? 1);
}

/** CPUs: `250m`, `1.5`. */
export function formatCpu(cpus: number): string {
  if (cpus === 0) return "";
  if (cpus < 1) return `${rounded(cpus * 1000, 0)}m`;
  return rounded(cpus, 2);
}

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes: `512 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return "";
  const step = Math.min(BINARY.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(bytes)) / 10)));
  const value = bytes / 2 ** (10 * step);
  return `${rounded(value, value < 10 ? 1 : 0)} ${BINARY[step]}`;
}

/** A number of devices. */
export function formatCount(count: number): string {
  return count === 0 ? "" : rounded(count, 2);
}

function rounded(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
