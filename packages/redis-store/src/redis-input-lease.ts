import {
  type CallOptions,
  encodeLogRecord,
  type InputLease,
  type InputLogWriter,
  type InputRole,
  KrmError,
  type LogPosition,
  type LogRecord,
} from "@krm/core";
import { type LeaseContext, RedisLease } from "./redis-lease.ts";
import { type Argument, guarded } from "./redis-link.ts";
import { listOf, textOf } from "./stored-state.ts";
import { nextId, sessionNonce } from "./stream-id.ts";

/** What a script can hand on as the fields of one entry: Lua's own bound is 8,000 values. */
const MOST_FIELDS = 7000;

/** Where a log is, and what it covers. */
export interface LogStart {
  /** Its newest entry. */
  readonly last: string;
  readonly start: LogPosition;
}

/**
 * The lease of a streamer or verifier. An entry of its log is one `append`: header and objects of each record, one field
 * each (`h`, then `o` for each object), so that Redis keeps the bytes once and hands them on as they are.
 */
export class RedisInputLease<R extends InputRole> extends RedisLease<R> implements InputLease<R> {
  readonly log: InputLogWriter;
  readonly #nonce = sessionNonce();
  readonly #mostBytes: number;
  #last: string;

  constructor(role: R, context: LeaseContext, { last, start }: LogStart, mostBytes: number) {
    super(role, context);
    this.#last = last;
    this.#mostBytes = mostBytes;
    this.log = {
      start,
      append: async (records: readonly LogRecord[], covers: LogPosition, options?: CallOptions) =>
        this.#append(records, covers, options),
      backlog: async (options?: CallOptions) => this.#backlog(options),
    };
  }

  async #append(records: readonly LogRecord[], covers: LogPosition, options: CallOptions | undefined): Promise<void> {
    if (records.length === 0) return guarded(this.context.closed, options, async () => {});
    // The same again, after a failure, gets the same id: it is written once.
    const id = nextId(this.#last, this.#nonce);
    const entry = encodeEntry(records);
    if (entry.fields.length > MOST_FIELDS)
      throw new KrmError("KRM_INVALID_ARGUMENT", `${records.length} records are too many for one append`, {
        hint: "Append as many as the manifest's batch says.",
      });
    const { request, epoch, generation, keys } = this.context;
    const args: Argument[] = [
      this.role,
      request.holder,
      epoch,
      generation,
      this.#last,
      id,
      covers.epoch,
      // A verifier covers nothing of its own.
      this.role === "streamer" ? (covers.position ?? "") : "",
      JSON.stringify(covers),
      // Something waits, also where it has no bodies.
      entry.bytes + 1,
      this.#mostBytes,
      entry.page ?? "",
      keys.logChannel,
      ...entry.fields,
    ];
    await this.script("append", args, options);
    this.#last = id;
  }

  async #backlog(options: CallOptions | undefined): Promise<number> {
    const { link, keys, closed } = this.context;
    return guarded(closed, options, async () => {
      const [taken, consumed] = listOf(
        await link.command("HMGET", keys.state, `${this.role}.in`, `${this.role}.out`),
      ).map((reply) => Number(textOf(reply) ?? 0));
      return (taken ?? 0) - (consumed ?? 0);
    });
  }
}

interface LogEntry {
  readonly fields: readonly (string | Buffer)[];
  readonly bytes: number;
  /** Undefined: it is no page of a list. */
  readonly page: "first" | "page" | undefined;
}

function encodeEntry(records: readonly LogRecord[]): LogEntry {
  const fields: (string | Buffer)[] = [];
  let bytes = 0;
  for (const record of records) {
    const { header, objects } = encodeLogRecord(record);
    fields.push("h", header);
    bytes += header.length;
    for (const object of objects) {
      fields.push("o", Buffer.from(object.buffer, object.byteOffset, object.byteLength));
      bytes += object.byteLength;
    }
  }
  const page = records.find((record) => record.type === "snapshot-page");
  return { fields, bytes, page: page === undefined ? undefined : page.page === 0 ? "first" : "page" };
}
