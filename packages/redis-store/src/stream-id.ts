import { randomInt } from "node:crypto";

/*
 * The ids of commits, and of the entries of feed and logs: `<sequence>-<nonce>`. The sequence rises by one from each to
 * the next; the nonce is that of the writer's session, so that two that got the same sequence (because a failover took
 * the first one back) are still told apart.
 */

/** Before the first one. */
export const NO_ID = "0-0";

/** A nonce for a session of a writer. */
export function sessionNonce(): number {
  return randomInt(1, 2 ** 31);
}

/** The id after `id`, by the session of this nonce. */
export function nextId(id: string, nonce: number): string {
  return `${sequenceOf(id) + 1}-${nonce}`;
}

function sequenceOf(id: string): number {
  return Number(id.slice(0, id.indexOf("-")));
}

/** A place in the feed: behind a commit, and so many changes of the next one. */
export interface FeedPlace {
  readonly id: string;
  readonly skip: number;
}

const CURSOR = /^(\d{1,15}-\d{1,15})(?:\+(\d{1,9}))?$/;

/** Writes a place as a cursor. */
export function writeCursor({ id, skip }: FeedPlace): string {
  return skip === 0 ? id : `${id}+${skip}`;
}

/** Reads a cursor; undefined: it is none of ours. */
export function readCursor(text: string): FeedPlace | undefined {
  const [, id, skip = "0"] = CURSOR.exec(text) ?? [];
  return id === undefined ? undefined : { id, skip: Number(skip) };
}
