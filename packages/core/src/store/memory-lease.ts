import { KrmError } from "../errors.ts";
import type { Role, RoleReports } from "../monitor/role-status.ts";
import type { CallOptions } from "../ports/clock.ts";
import type { InputLogWriter, InputRole, LogBatch, LogPosition, LogRecord } from "./input-log.ts";
import type { InputLease, Lease, LoadedView, MergerLease, RoleRequest } from "./lease.ts";
import type { MemoryLog } from "./memory-log.ts";
import type { ViewCommit } from "./store.ts";

/** What a lease does to the scope that gave it. */
export interface LeaseHost {
  /** Rejects when the signal has aborted or the store is closed. */
  admit(options: CallOptions | undefined): void;
  /** Whether the role is still held at this epoch. */
  holds(role: Role, epoch: number): boolean;
  release(role: Role, epoch: number): void;
  takeRequests(role: Role): readonly RoleRequest[];
  putReport<R extends Role>(role: R, report: RoleReports[R]): void;
  readonly logs: Readonly<Record<InputRole, MemoryLog>>;
  write(commit: ViewCommit, options: CallOptions | undefined): Promise<void>;
  /** Tells those who read the logs that there is more. */
  logged(): void;
  /** Resolves at the next `logged`, or when the signal aborts or the store is closed. */
  untilLogged(signal: AbortSignal | undefined): Promise<void>;
}

class MemoryLease<R extends Role> implements Lease<R> {
  readonly role: R;
  readonly epoch: number;
  readonly host: LeaseHost;

  constructor(role: R, epoch: number, host: LeaseHost) {
    this.role = role;
    this.epoch = epoch;
    this.host = host;
  }

  /** What every write looks at first. */
  protected admit(options: CallOptions | undefined): void {
    this.host.admit(options);
    if (this.host.holds(this.role, this.epoch)) return;
    throw new KrmError("KRM_STORE_CONFLICT", `this process does not hold the role of the ${this.role} any more`);
  }

  async renew(options?: CallOptions): Promise<readonly RoleRequest[]> {
    this.admit(options);
    return this.host.takeRequests(this.role);
  }

  async report(report: RoleReports[R], options?: CallOptions): Promise<void> {
    this.admit(options);
    this.host.putReport(this.role, report);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.host.release(this.role, this.epoch);
  }
}

/** The lease of a streamer or a verifier. */
export class MemoryInputLease<R extends InputRole> extends MemoryLease<R> implements InputLease<R> {
  readonly log: InputLogWriter;

  constructor(role: R, epoch: number, host: LeaseHost, start: LogPosition) {
    super(role, epoch, host);
    const log = host.logs[role];
    this.log = {
      start,
      append: async (records: readonly LogRecord[], covers: LogPosition, options?: CallOptions) => {
        this.admit(options);
        log.append(records, covers);
        host.logged();
      },
      backlog: async (options?: CallOptions) => {
        this.admit(options);
        return log.backlog;
      },
    };
  }
}

/** The lease of a merger. */
export class MemoryMergerLease extends MemoryLease<"merger"> implements MergerLease {
  readonly loaded: LoadedView;
  readonly #read: Record<InputRole, number> = { streamer: 0, verifier: 0 };

  constructor(epoch: number, host: LeaseHost, loaded: LoadedView) {
    super("merger", epoch, host);
    this.loaded = loaded;
  }

  async commit(commit: ViewCommit, options?: CallOptions): Promise<void> {
    this.admit(options);
    await this.host.write(commit, options);
  }

  async *inputs({ signal }: CallOptions): AsyncGenerator<LogBatch> {
    const { logs } = this.host;
    while (signal?.aborted !== true) {
      this.admit(undefined);
      let found = false;
      for (const log of [logs.verifier, logs.streamer]) {
        const entry = log.after(this.#read[log.role]);
        if (entry === undefined) continue;
        found = true;
        this.#read[log.role] = entry.sequence;
        yield { log: entry.log, records: entry.records, cursor: entry.cursor };
      }
      if (!found) await this.host.untilLogged(signal);
    }
  }

  async skipLogs(options?: CallOptions): Promise<void> {
    this.admit(options);
    for (const log of Object.values(this.host.logs)) log.clear();
  }
}
