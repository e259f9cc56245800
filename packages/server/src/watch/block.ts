import type { StoredObject } from "@krm/core";
import { type RingEvent, seenBy } from "./watch-event.ts";
import type { WatcherInput } from "./watcher-input.ts";

/** Objects or events that are looked at in one go, before others get a turn. */
export const STEP = 128;
/** What looking at an object or event costs, besides what is written of it. Bytes. */
export const LOOK_COST = 256;
/** What is written in one go while there is much to write. Bytes. */
const BLOCK = 64 * 1024;

/** What is written to one reader in one go. */
export interface Block {
  /** Undefined: nothing of what was looked at is to be told. */
  readonly bytes: Buffer | undefined;
  /** How many objects or events went into it, or were passed over. */
  readonly looked: number;
  /** Bytes, written or as good as. */
  readonly cost: number;
}

type Reader = Pick<WatcherInput, "ring" | "interest" | "shape">;

/** As many objects, from the first on, as go into one block: what a watch begins with. `first`: nothing was written yet. */
export function objectBlock(
  objects: readonly StoredObject[],
  { ring, interest, shape }: Reader,
  first: boolean,
): Block {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let looked = 0;
  for (const object of objects) {
    if (bytes >= BLOCK) break;
    looked++;
    if (interest.wanted?.(object) === false) continue;
    const isFirst = first && pieces.length === 0;
    for (const piece of ring.frames.pieces("ADDED", object, object.resourceVersion, shape, isFirst)) {
      pieces.push(piece);
      bytes += piece.byteLength;
    }
  }
  return blockOf(pieces, bytes, looked);
}

/** As many events, from the first on, as go into one block. `first`: nothing was written yet. */
export function eventBlock(events: readonly RingEvent[], reader: Reader, first: boolean): Block {
  const frames: Buffer[] = [];
  let bytes = 0;
  let looked = 0;
  for (const event of events) {
    if (bytes >= BLOCK) break;
    looked++;
    const frame = frameOf(event, reader, first && frames.length === 0);
    if (frame === undefined) continue;
    frames.push(frame);
    bytes += frame.length;
  }
  return blockOf(frames, bytes, looked);
}

function frameOf(event: RingEvent, { ring, interest, shape }: Reader, first: boolean): Buffer | undefined {
  if (interest.namespace !== undefined && event.object.namespace !== interest.namespace) return undefined;
  const seen = seenBy(interest.wanted, event);
  return seen === undefined ? undefined : ring.frames.event(event, seen, shape, first);
}

function blockOf(pieces: readonly Uint8Array[], bytes: number, looked: number): Block {
  return {
    bytes: pieces.length === 0 ? undefined : Buffer.concat(pieces, bytes),
    looked,
    cost: bytes + looked * LOOK_COST,
  };
}
