import { promisify } from "node:util";
import { constants, crc32, deflateRaw } from "node:zlib";
import { crcShift } from "./crc32-combine.ts";

const deflate = promisify(deflateRaw);

/** A piece of a text, compressed by itself, so that it can stand in any gzip stream, behind and before others. */
export interface CompressedRun {
  /** Whole blocks of DEFLATE (RFC 1951) that end at a byte's end and refer to nothing before them; none is the last. */
  readonly blocks: readonly Uint8Array[];
  readonly crc: number;
  /** {@link crcShift} of the length. */
  readonly shift: number;
  /** Of the piece as it was, in bytes. */
  readonly length: number;
}

/** The longest that a stored block can be. */
const STORED_AT_MOST = 0xffff;

/** Compresses a piece, in zlib's threads. */
export async function compressRun(piece: Uint8Array, level: number): Promise<CompressedRun> {
  const made = await deflate(piece, { level, finishFlush: constants.Z_SYNC_FLUSH });
  // What zlib gives is a part of a larger buffer, which would be kept with it.
  const blocks = Buffer.allocUnsafeSlow(made.length);
  made.copy(blocks);
  return { blocks: [blocks], ...checked(piece) };
}

/** A piece that is too short to be compressed. @throws RangeError for one of 64 KiB and more. */
export function storedRun(piece: Uint8Array): CompressedRun {
  const { length } = piece;
  if (length > STORED_AT_MOST) throw new RangeError(`${length} bytes are too many for a stored block`);
  const head = Buffer.alloc(5);
  head.writeUInt16LE(length, 1);
  head.writeUInt16LE(length ^ STORED_AT_MOST, 3);
  return { blocks: [head, piece], ...checked(piece) };
}

function checked(piece: Uint8Array): Pick<CompressedRun, "crc" | "shift" | "length"> {
  return { crc: crc32(piece), shift: crcShift(piece.length), length: piece.length };
}
