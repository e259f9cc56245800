import { type Clock, type Logger, systemClock } from "@krm/core";
import type { CheckReport } from "../../doctor/check.ts";
import { ClusterFacts } from "../../doctor/cluster-facts.ts";
import { worstOf } from "../../doctor/finding.ts";
import { plannedChecks } from "../../doctor/planned-checks.ts";
import { runChecks } from "../../doctor/run-checks.ts";
import type { CliIo } from "../../io.ts";
import { refuseUnsafe } from "../../listening/refuse-unsafe.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { hasColours, painter } from "../../terminal/paint.ts";
import type { DoctorOptions } from "./command.ts";
import { reportStructured, reportTable } from "./report-text.ts";

/** Long enough for a server far away, and short enough that somebody waits for it. */
const LIMIT_MS = 10_000;
/** Between two rounds of `--wait`. */
const AGAIN_MS = 2000;
/** Where nobody else can reach. */
const LOOPBACK = { host: "127.0.0.1", port: 0 };

/**
 * Looks at everything once, or with `wait` until nothing fails or the time is over, and prints what was found.
 *
 * @returns whether nothing failed
 * @throws UsageError for what must not be served so
 */
export async function runDoctor(names: readonly string[], options: DoctorOptions, io: CliIo): Promise<boolean> {
  refuseUnsafe({ ...options, listen: options.listen ?? LOOPBACK });
  const clock = systemClock;
  const logger = commandLogger(io, options);
  const reports = await rounds(names, options, { io, clock, logger });
  const text =
    options.output === "table"
      ? reportTable(reports, painter(hasColours(io.stdout, io.env)))
      : reportStructured(reports, options.output);
  io.stdout.write(text);
  return worstOf(reports.flatMap(({ findings }) => findings)) !== "failed";
}

interface Surroundings {
  readonly io: CliIo;
  readonly clock: Clock;
  readonly logger: Logger;
}

async function rounds(
  names: readonly string[],
  options: DoctorOptions,
  { io, clock, logger }: Surroundings,
): Promise<readonly CheckReport[]> {
  const { signal } = io;
  const until = clock.monotonic() + (options.wait ?? 0);
  const onError = (check: string, error: unknown): void => logger.debug({ about: { check }, err: error }, check);
  let before: readonly CheckReport[] | undefined;
  for (;;) {
    // Files may have come, and credentials changed.
    await using facts = new ClusterFacts(options, io.env, logger);
    const checks = plannedChecks(names, options, facts, clock);
    const reports = await runChecks(checks, { clock, signal, limitMs: LIMIT_MS, before, onError });
    const left = until - clock.monotonic();
    if (options.wait !== undefined) tellProgress(logger, reports, before);
    if (left <= 0 || worstOf(reports.flatMap(({ findings }) => findings)) !== "failed") return reports;
    before = reports;
    await clock.sleep(Math.min(AGAIN_MS, left), { signal });
  }
}

/** One line for each check whose result is another one now. */
function tellProgress(logger: Logger, reports: readonly CheckReport[], before: readonly CheckReport[] = []): void {
  const told = new Map(before.map((report) => [report.name, lineOf(report)]));
  for (const report of reports) {
    const line = lineOf(report);
    if (told.get(report.name) === line) continue;
    const result = worstOf(report.findings);
    logger[result === "failed" ? "warn" : "info"]({ about: { check: report.name, result } }, line);
  }
}

function lineOf({ name, findings }: CheckReport): string {
  const worst = worstOf(findings);
  const shown = findings.filter(({ result }) => result === worst);
  const found = shown.map(({ subject, found: text }) => (subject === undefined ? text : `${subject} ${text}`));
  return `${name}: ${worst}${worst === "ok" ? "" : `: ${found.join("; ")}`}`;
}
