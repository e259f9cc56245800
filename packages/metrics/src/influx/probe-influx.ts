import { type Clock, type KrmError, systemClock } from "@krm/core";
import { classifyFailure } from "./exchange/classify-failure.ts";
import { failureError } from "./exchange/failure-error.ts";
import { InfluxConnection } from "./exchange/influx-connection.ts";
import { checkTarget, type InfluxTarget, placeName, targetName } from "./target.ts";

/** What a database says to a write that writes nothing. */
export type InfluxProbe =
  /** It takes writes of this user or token. `server` and `place` are for messages. */
  | { readonly type: "writable"; readonly server: string; readonly place: string }
  /** It is reached, and has no such database yet: an `InfluxWriter` creates it at its first contact, if it may. */
  | { readonly type: "no-database"; readonly server: string; readonly place: string }
  /** Nothing could be written now. The error is what an `InfluxWriter` would tell. */
  | { readonly type: "failed"; readonly error: KrmError };

/** How long a probe may take. */
export interface ProbeOptions {
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  /** From connecting to the end of the answer. @default 5000 */
  readonly timeoutMs?: number | undefined;
}

/** In line protocol a comment, of which no database makes a point. */
const NOTHING = "# krm looks whether it may write";

/**
 * Asks a database whether it would take lines: by a write that holds a comment alone, which every database judges by user,
 * right and place before it looks at its lines. Nothing is written, and no database is created.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` for a target that cannot be; the signal's reason when aborted.
 */
export async function probeInflux(target: InfluxTarget, options: ProbeOptions = {}): Promise<InfluxProbe> {
  const { clock = systemClock, signal = new AbortController().signal, timeoutMs = 5000 } = options;
  checkTarget(target);
  using connection = new InfluxConnection({ target, clock, timeoutMs });
  const outcome = classifyFailure(await connection.write([NOTHING], signal), clock.now());
  const where = { server: targetName(target), place: placeName(target) };
  switch (outcome.type) {
    case "written":
    case "partly-written":
    // Databases that want a line at least blame the lines, after they have judged everything else.
    case "divide":
    case "too-large":
      return { type: "writable", ...where };
    case "blocked":
      if (outcome.reason === "not-found" && target.api === "v1") return { type: "no-database", ...where };
      return { type: "failed", error: failureError(outcome, target) };
    case "retry":
    case "unreachable":
      return { type: "failed", error: failureError(outcome, target) };
    case "aborted":
      throw signal.reason;
    default:
      return outcome satisfies never;
  }
}
