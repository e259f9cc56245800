import { parseQuantity } from "@krm/apimachinery";

/** A Kubernetes quantity as a number, to be shown and sorted. 0 for what is none. */
export function quantityOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? (parseQuantity(value) ?? 0) : 0;
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
