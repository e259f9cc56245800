import type { CompressedRun } from "./compressed-run.ts";
import { combineCrc } from "./crc32-combine.ts";

/** No name, no time, of an unknown system. */
const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** An empty block that is the last one. */
const LAST_BLOCK = Buffer.from([0x03, 0x00]);

/** Puts runs together to one gzip member (RFC 1952), without looking at what is in them. */
export async function* gzipMember(runs: AsyncIterable<CompressedRun>): AsyncGenerator<Uint8Array, void, undefined> {
  yield HEAD;
  let crc = 0;
  let length = 0;
  for await (const run of runs) {
    yield* run.blocks;
    crc = combineCrc(crc, run.crc, run.shift);
    length += run.length;
  }
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc, 0);
  tail.writeUInt32LE(length % 2 ** 32, 4);
  yield LAST_BLOCK;
  yield tail;
}
