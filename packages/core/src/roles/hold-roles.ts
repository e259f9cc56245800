import { KrmError } from "../errors.ts";
import type { Role } from "../monitor/role-status.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Lease, Leases, LeaseRequest } from "../store/lease.ts";
import type { HeardRequest } from "../store/lost-event.ts";
import type { ScopeStore } from "../store/store.ts";
import { type BackoffOptions, backoffMs, STORE_BACKOFF } from "../stream/backoff.ts";
import { HeldRoles } from "./held-roles.ts";

/** How a process stands to the roles that it wants: it cannot ask the store, somebody else has them, or it has them. */
export type Standing = "waiting-for-store" | "standing-by" | "holding";

/** What holding roles works with. */
export interface HoldOptions<R extends Role> {
  readonly store: ScopeStore;
  /** All of them, or none. */
  readonly roles: readonly R[];
  readonly lease: LeaseRequest;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly backoff?: BackoffOptions | undefined;
  readonly onStanding?: ((standing: Standing) => void) | undefined;
}

/** The leases of some roles. */
export type HeldLeases<R extends Role> = { readonly [K in R]: Leases[K] };

/** Roles that are held now. */
export interface Held<R extends Role> {
  readonly leases: HeldLeases<R>;
  /** The roles were held before, and lost: to another process, or because the store lost its state. */
  readonly again: boolean;
  /** Who is told what others ask of these roles. What is asked before it is set waits until it is. */
  onRequest: ((request: HeardRequest) => void) | undefined;
}

/** A store that does not answer must not keep a process from ending. */
const RELEASE_MS = 2000;

/** A role that is lost at once, over and over, is not taken again without a pause. */
const AGAIN_MS = 1000;

/**
 * Takes roles as soon as nobody else has them, holds them while `work` runs, and takes them anew when they are lost: to
 * another process, or because the store lost its state. Ends by the signal; rejects only when the store is closed, can
 * never be used (`KRM_STORE_UNUSABLE`), or `work` fails for another reason.
 *
 * `work` is told to end by its signal, and gets new leases each time.
 */
export async function holdRoles<R extends Role>(
  options: HoldOptions<R>,
  signal: AbortSignal,
  work: (held: Held<R>, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, logger, random, lease, onStanding, backoff = STORE_BACKOFF } = options;
  let failures = 0;
  let again = false;
  let standing: Standing | undefined;
  const stand = (now: Standing): boolean => {
    const changed = standing !== now;
    standing = now;
    if (changed) onStanding?.(now);
    return changed;
  };
  const pause = async (ms: number): Promise<void> => clock.sleep(ms, { signal }).catch(() => {});
  while (!signal.aborted) {
    let leases: HeldLeases<R> | undefined;
    try {
      leases = await acquireAll(options, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (isNever(error)) throw error;
      if (stand("waiting-for-store")) logger.warn({ err: error }, "the store does not answer; waiting for it");
      await pause(backoffMs(++failures, random(), undefined, backoff));
      continue;
    }
    if (leases === undefined) {
      if (stand("standing-by")) logger.info({ roles: options.roles }, "another process has this role; standing by");
      await pause((lease.ttlMs / 3) * (1 + random() / 2));
      continue;
    }
    if (stand("holding")) {
      const { roles } = options;
      if (again) logger.info({ roles, again }, "has the role again");
      else logger.info({ roles }, "has the role");
    }
    const lost = await session(options, leases, again, signal, work);
    if (lost === undefined) return;
    again = true;
    standing = undefined;
    logger.warn({ err: lost, roles: options.roles }, "the role was lost; taking it anew");
    await pause(AGAIN_MS * random());
  }
}

async function acquireAll<R extends Role>(
  { store, roles, lease, clock }: HoldOptions<R>,
  signal: AbortSignal,
): Promise<HeldLeases<R> | undefined> {
  const held: Partial<Record<Role, Lease<Role>>> = {};
  try {
    for (const role of roles) {
      const one = await store.acquire(role, lease, { signal });
      if (one === undefined) {
        await release(held, clock);
        return undefined;
      }
      held[role] = one as unknown as Lease<Role>;
    }
  } catch (error) {
    await release(held, clock);
    throw error;
  }
  return held as unknown as HeldLeases<R>;
}

/** The roles can never be had of this store. */
function isNever(error: unknown): boolean {
  return (
    KrmError.is(error, "KRM_STORE_CLOSED") ||
    KrmError.is(error, "KRM_STORE_UNUSABLE") ||
    KrmError.is(error, "KRM_INVALID_ARGUMENT")
  );
}

/** The roles cannot go on with these leases, but may with new ones. */
function isLoss(error: unknown): error is KrmError {
  return KrmError.is(error, "KRM_STORE_CONFLICT") || KrmError.is(error, "KRM_STORE_FAILED");
}

/** Runs until the roles are lost (then why), or `signal` aborts (then undefined). */
async function session<R extends Role>(
  { clock, logger, lease }: HoldOptions<R>,
  leases: HeldLeases<R>,
  again: boolean,
  signal: AbortSignal,
  work: (held: Held<R>, signal: AbortSignal) => Promise<void>,
): Promise<KrmError | undefined> {
  const over = new AbortController();
  const running = AbortSignal.any([signal, over.signal]);
  const held = new HeldRoles<R>(leases, again, logger);
  const renewing = renew(Object.values<Lease<Role>>(leases));
  try {
    await work(held, running);
  } catch (error) {
    // Who is told to end may be in the middle of anything.
    if (!signal.aborted && !isLoss(error)) throw error;
    over.abort(error);
  } finally {
    if (!over.signal.aborted) over.abort();
    await renewing;
    await release(leases, clock);
  }
  const { reason } = over.signal as { readonly reason: unknown };
  return isLoss(reason) && !signal.aborted ? reason : undefined;

  async function renew(each: readonly Lease<Role>[]): Promise<void> {
    for (;;) {
      try {
        await clock.sleep(lease.ttlMs / 3, { signal: running });
        for (const one of each) held.take(await one.renew({ signal: running }));
      } catch (error) {
        if (running.aborted) return;
        if (KrmError.is(error, "KRM_STORE_CONFLICT")) return over.abort(error);
        // While the store is away nobody else can take the role either; what is written is fenced.
        logger.debug({ err: error }, "could not renew the lease; trying again");
      }
    }
  }
}

async function release(leases: Partial<Record<Role, Lease<Role>>>, clock: Clock): Promise<void> {
  const late = new AbortController();
  const released = Promise.allSettled(Object.values(leases).map(async (lease) => lease[Symbol.asyncDispose]()));
  await Promise.race([released, clock.sleep(RELEASE_MS, { signal: late.signal }).catch(() => {})]);
  late.abort();
}
