import { reasonOf } from "../support/eventually.ts";
import type { Figures, Row, RowContext } from "./row.ts";

/** A row that takes longer than this hangs, in milliseconds of the machine's clock. */
const LONGEST_MS = 420_000;

/** Runs a row; how that went, as a line. */
export async function rowLine(row: Row, context: RowContext): Promise<{ readonly line: string; readonly ok: boolean }> {
  const from = performance.now();
  const seconds = (): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no end within ${LONGEST_MS / 1000} s`)), LONGEST_MS);
  try {
    const figures = await Promise.race([row.run(context), late.promise]);
    return { line: `ok ${row.name} … ${described(figures)} (${seconds()})`, ok: true };
  } catch (error) {
    const why = reasonOf(error).replaceAll(/\s+/gu, " ").slice(0, 600);
    return { line: `not ok ${row.name} … ${why} (${seconds()})`, ok: false };
  } finally {
    clearTimeout(timer);
  }
}

function described(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
