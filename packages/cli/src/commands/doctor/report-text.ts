import type { CheckReport } from "../../doctor/check.ts";
import { type Finding, type Result, worstOf } from "../../doctor/finding.ts";
import { structured } from "../../reading/structured.ts";
import type { Colour, Paint } from "../../terminal/paint.ts";
import { alignColumns } from "../../text/columns.ts";
import { printable } from "../../text/printable.ts";

const COLOURS: Readonly<Record<Result, Colour>> = { ok: "green", skipped: "dim", warning: "yellow", failed: "red" };

/** A table with a line for each finding, and below those that want it what to do; then all of it in one line. */
export function reportTable(reports: readonly CheckReport[], paint: Paint): string {
  const findings = reports.flatMap(({ name, findings: each }) => each.map((finding) => ({ name, ...finding })));
  const rows = findings.map(({ name, subject, result, found }) => [name, subject ?? "", result, found]);
  const [heading = "", ...lines] = alignColumns([["CHECK", "OF", "RESULT", "FOUND"], ...rows]);
  const body = lines.flatMap((line, index) => {
    const { result = "ok", mend } = findings[index] ?? {};
    const told = painted(line, result, paint);
    return mend === undefined ? [told] : [told, `  -> ${printable(mend)}`];
  });
  return [heading, ...body, "", summary(findings), ""].join("\n");
}

/** The result is the first word of its kind in a line, with spaces around. */
function painted(line: string, result: Result, paint: Paint): string {
  const at = line.indexOf(`   ${result}`);
  if (at < 0) return line;
  const from = at + 3;
  return `${line.slice(0, from)}${paint(COLOURS[result], result)}${line.slice(from + result.length)}`;
}

function summary(findings: readonly Finding[]): string {
  const count = (result: Result): number => findings.filter((finding) => finding.result === result).length;
  const counts = (["failed", "warning", "skipped", "ok"] as const)
    .filter((result) => count(result) > 0)
    .map((result) => `${count(result)} ${result}`);
  return counts.join(", ");
}

/** The same for programs. */
export function reportStructured(reports: readonly CheckReport[], format: "json" | "yaml"): string {
  const checks = reports.flatMap(({ name, findings }) =>
    findings.map(({ result, subject, found, mend }) => ({
      check: name,
      ...(subject === undefined ? {} : { of: subject }),
      result,
      found,
      ...(mend === undefined ? {} : { mend }),
    })),
  );
  return structured({ result: worstOf(checks), checks }, format);
}
