import { type CallOptions, KrmError, untilAborted } from "@krm/core";
import type { Reply } from "./stored-state.ts";

/** An argument of a command or script. */
export type Argument = string | number | Buffer;

/** What the store needs of a connection. Rejects with `KrmError`s alone. */
export interface RedisLink {
  /** Runs a script by its name (its file's, without the number of keys). */
  script(name: string, keys: readonly string[], args: readonly Argument[]): Promise<Reply>;
  /** Runs a command; replies come as bytes. */
  command(name: string, ...args: readonly Argument[]): Promise<Reply>;
  /**
   * Calls `listener` when something was published on the channel, and after each reconnect, when something may have been
   * missed. Returns how to stop that.
   */
  listen(channel: string, listener: () => void): () => void;
}

/**
 * What a script refused, as the port names it; undefined: it is another failure.
 *
 * @param words The error reply.
 */
export function refusalOf(words: string, cause: unknown): KrmError | undefined {
  const conflict = /^(?:ERR )?KRMCONFLICT (.*?)(?: script: .*)?$/s.exec(words);
  if (conflict !== null)
    return new KrmError("KRM_STORE_CONFLICT", `the store refused a write: ${conflict[1]}`, { cause });
  if (!/^(?:ERR )?KRMFULL/.test(words)) return undefined;
  return new KrmError("KRM_STORE_FULL", "the input log is full: nobody merges it", {
    cause,
    hint: "Start a merger for this resource, or see why the one that runs is slow.",
  });
}

/**
 * Whether a script failed in its own middle, by a key that is not as it left it. What is refused for want of memory,
 * rights or a master is refused before anything is written.
 */
export function failedHalfway(error: unknown): boolean {
  const words = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
  return /^(?:ERR|WRONGTYPE) .*@user_script/s.test(words) && !words.includes("can't ");
}

/**
 * Runs one operation of a store that can be closed: rejects when it is, or with the reason of the caller's signal. A
 * server that hangs holds nobody up: the operation goes on then, and how it ends is nobody's to know.
 */
export async function guarded<T>(
  closed: AbortSignal,
  options: CallOptions | undefined,
  operation: () => Promise<T>,
): Promise<T> {
  const signal = options?.signal;
  signal?.throwIfAborted();
  refuseClosed(closed);
  try {
    return await (signal === undefined ? operation() : untilAborted(operation(), signal));
  } catch (error) {
    refuseClosed(closed);
    throw error;
  }
}

/** @throws KrmError `KRM_STORE_CLOSED` */
export function refuseClosed(closed: AbortSignal): void {
  if (closed.aborted) throw new KrmError("KRM_STORE_CLOSED", "the store is closed");
}
