import { type Clock, decodeLogRecord, type InputRole, KrmError, type LogBatch, type LogRecord } from "@krm/core";
import { guarded, type RedisLink } from "./redis-link.ts";
import type { ScopeKeys } from "./scope-keys.ts";
import { listOf, type Reply, textOf } from "./stored-state.ts";
import { WakeUp } from "./wake-up.ts";

/** What one step takes of a log at most: Redis does nothing else meanwhile. */
const STEP_ENTRIES = 64;
const STEP_BYTES = 256 * 1024;

/** What reading the logs works with. */
export interface LogReaderOptions {
  readonly keys: ScopeKeys;
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly closed: AbortSignal;
  readonly generation: string;
}

/** What of a log is read: the newest entry, and how many bytes the log had ever taken with it. */
export interface LogPlace {
  readonly id: string;
  readonly total: string;
}

/** The cursor of a place in a log. */
export function writeLogCursor({ id, total }: LogPlace): string {
  return `${id}/${total}`;
}

/** Reads a cursor of {@link writeLogCursor}. */
export function readLogCursor(cursor: string): LogPlace {
  const slash = cursor.indexOf("/");
  return { id: cursor.slice(0, slash), total: cursor.slice(slash + 1) };
}

/**
 * Both logs behind `places`, for ever; `places` is kept up to date, so that another call goes on there.
 *
 * @throws KrmError `KRM_STORE_CONFLICT` when entries are gone that were not read.
 */
export async function* readLogs(
  options: LogReaderOptions,
  places: Record<InputRole, LogPlace>,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogBatch> {
  const { keys, link, clock, closed } = options;
  using wakeUp = new WakeUp((listener) => link.listen(keys.logChannel, listener), clock);
  const stopped = (): boolean => signal?.aborted === true;
  while (!stopped()) {
    let steps: readonly LogStep[];
    try {
      steps = await readStep(options, places, signal);
    } catch (error) {
      if (stopped()) return;
      throw error;
    }
    for (const { log, entries } of steps)
      for (const { place, records } of entries) {
        places[log] = place;
        yield { log, records, cursor: writeLogCursor(place) };
      }
    // What came since these were read has been told.
    if (steps.every(({ isAll }) => isAll)) await wakeUp.wait([signal, closed]);
  }
}

/** What was read of one log. */
interface LogStep {
  readonly log: InputRole;
  readonly entries: readonly { readonly place: LogPlace; readonly records: readonly LogRecord[] }[];
  /** There was no more. */
  readonly isAll: boolean;
}

/** The verifier's first: that a verification has begun must not be learned after the events that follow it. */
async function readStep(
  { keys, link, closed, generation }: LogReaderOptions,
  { verifier, streamer }: Readonly<Record<InputRole, LogPlace>>,
  signal: AbortSignal | undefined,
): Promise<readonly LogStep[]> {
  const args = [generation, STEP_ENTRIES, STEP_BYTES, verifier.id, streamer.id];
  const reply = await guarded(closed, { signal }, async () => link.script("read-logs", keys.all, args));
  const [verifiers, verifierLast, streamers, streamerLast] = listOf(reply);
  return [
    decodeStep("verifier", verifier, verifiers, textOf(verifierLast)),
    decodeStep("streamer", streamer, streamers, textOf(streamerLast)),
  ];
}

function decodeStep(log: InputRole, from: LogPlace, reply: Reply, last: string | undefined): LogStep {
  if (reply === null || reply === undefined)
    throw new KrmError("KRM_STORE_CONFLICT", `the store has lost entries of the ${log}'s input log behind ${from.id}`);
  const entries = listOf(reply).map((entry) => {
    const [id, fields] = listOf(entry);
    const list = listOf(fields);
    return { place: { id: textOf(id) ?? "", total: textOf(list[3]) ?? "0" }, records: decodeFields(list.slice(4)) };
  });
  return { log, entries, isAll: (entries.at(-1)?.place.id ?? from.id) === last };
}

function decodeFields(fields: readonly Reply[]): readonly LogRecord[] {
  const records: { readonly header: string; readonly objects: Buffer[] }[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (textOf(fields[i]) === "h") records.push({ header: textOf(fields[i + 1]) ?? "", objects: [] });
    else records.at(-1)?.objects.push(fields[i + 1] as Buffer);
  }
  return records.map(decodeLogRecord);
}
