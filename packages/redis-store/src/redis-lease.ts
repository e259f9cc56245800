import {
  type CallOptions,
  KrmError,
  type Lease,
  type LeaseRequest,
  type Role,
  type RoleReports,
  type RoleRequest,
} from "@krm/core";
import { type Argument, failedHalfway, guarded, type RedisLink } from "./redis-link.ts";
import type { ScopeKeys } from "./scope-keys.ts";
import { listOf, type Reply, textOf } from "./stored-state.ts";

/** What a lease works with. */
export interface LeaseContext {
  readonly keys: ScopeKeys;
  readonly link: RedisLink;
  readonly closed: AbortSignal;
  readonly request: LeaseRequest;
  readonly epoch: number;
  /** Of the state that the holder knows. */
  readonly generation: string;
  /** Makes sure that the scope is among those that there are. */
  readonly register: () => Promise<void>;
}

/** Scripts that write what later writes build on. */
const BUILT_UPON: ReadonlySet<string> = new Set(["append", "commit", "stage", "flip", "migrate", "skip-logs"]);

/** A role, held through Redis. The holder, the epoch and the state's generation fence every write. */
export class RedisLease<R extends Role> implements Lease<R> {
  readonly role: R;
  readonly epoch: number;
  readonly context: LeaseContext;

  constructor(role: R, context: LeaseContext) {
    this.role = role;
    this.epoch = context.epoch;
    this.context = context;
  }

  async renew(options?: CallOptions): Promise<readonly RoleRequest[]> {
    await guarded(this.context.closed, options, this.context.register);
    const { holder, ttlMs } = this.context.request;
    const { epoch, generation } = this.context;
    const asked = await this.script("renew", [this.role, holder, epoch, generation, ttlMs], options);
    return listOf(asked).map((request) => textOf(request) as RoleRequest);
  }

  async report(report: RoleReports[R], options?: CallOptions): Promise<void> {
    const { request, epoch, generation } = this.context;
    await this.script("report", [this.role, request.holder, epoch, generation, JSON.stringify(report)], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { link, keys, closed, request, epoch } = this.context;
    if (closed.aborted) return;
    try {
      await link.script("release", keys.all, [this.role, request.holder, epoch]);
    } catch {
      // It runs out by itself.
    }
  }

  /** Runs a script on the scope's keys. */
  protected async script(name: string, args: readonly Argument[], options: CallOptions | undefined): Promise<Reply> {
    const { link, keys, closed, request, epoch, generation } = this.context;
    try {
      return await guarded(closed, options, async () => link.script(name, keys.all, args));
    } catch (error) {
      if (!BUILT_UPON.has(name) || !failedHalfway(error)) throw error;
      // What it had written until then stays: Redis takes nothing back. Half a commit must not be built upon.
      await link.script("condemn", keys.all, [this.role, request.holder, epoch, generation]);
      throw new KrmError("KRM_STORE_CONFLICT", `a write failed halfway, and the state is begun anew`, { cause: error });
    }
  }
}
