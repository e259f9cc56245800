import { type Clock, untilAborted } from "@krm/core";
import type { Check, CheckReport } from "./check.ts";
import { failed, failedBy, type Finding, worstOf } from "./finding.ts";

/** How checks are run. */
export interface RunOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long one check may take, in milliseconds. */
  readonly limitMs: number;
  /** What was found before: a check that was well then is not run again. */
  readonly before?: readonly CheckReport[] | undefined;
  /** Gets what a check threw, beyond what its finding tells. */
  readonly onError?: ((check: string, error: unknown) => void) | undefined;
}

/**
 * Runs all checks side by side, each after those that it names. One that fails, throws or hangs costs no other its answer.
 * Rejects only with the signal's reason.
 */
export async function runChecks(checks: readonly Check[], options: RunOptions): Promise<readonly CheckReport[]> {
  const running = new Map<string, Promise<CheckReport>>();
  for (const check of checks) {
    const before = check.after.flatMap((name) => running.get(name) ?? []);
    running.set(check.name, afterThose(check, before, options));
  }
  const reports = await Promise.all(running.values());
  options.signal.throwIfAborted();
  return reports;
}

async function afterThose(
  check: Check,
  before: readonly Promise<CheckReport>[],
  options: RunOptions,
): Promise<CheckReport> {
  const { name } = check;
  const earlier = options.before?.find((report) => report.name === name);
  if (earlier !== undefined && worstOf(earlier.findings) === "ok") return earlier;
  const reason = (await Promise.all(before)).find(({ findings }) => isUseless(findings));
  if (reason !== undefined) {
    return { name, findings: [{ result: "skipped", found: `not looked at: ${reason.name} comes first` }] };
  }
  return { name, findings: await limited(check, options) };
}

/** Nothing of it went well. */
function isUseless(findings: readonly Finding[]): boolean {
  return findings.every(({ result }) => result === "failed" || result === "skipped");
}

async function limited(check: Check, { clock, signal, limitMs, onError }: RunOptions): Promise<readonly Finding[]> {
  const late = new AbortController();
  const done = new AbortController();
  const either = AbortSignal.any([signal, late.signal]);
  void clock.sleep(limitMs, { signal: done.signal }).then(
    () => late.abort(new Error("late")),
    () => {},
  );
  try {
    return await untilAborted(check.run(either), either);
  } catch (error) {
    onError?.(check.name, error);
    if (!late.signal.aborted) return [failedBy(error)];
    return [
      failed(
        `no answer within ${limitMs / 1000} s`,
        "See whether what it asks is overloaded, or a firewall swallows its packets.",
      ),
    ];
  } finally {
    done.abort();
  }
}
