// Takes single files out of .tgz and .zip archives held in memory; only what npm and zip tools commonly write.
import { gunzipSync, inflateRawSync } from "node:zlib";

/** The bytes of one file of a gzipped tar. Throws when it is not in there. */
export function fileOfTgz(tgz, wanted) {
  for (const { name, bytes } of entriesOfTgz(tgz)) if (name === wanted) return bytes;
  throw new Error(`the archive holds no ${wanted}`);
}

/** Each entry of a gzipped tar: its name, and its bytes. */
export function* entriesOfTgz(tgz) {
  const tar = gunzipSync(tgz);
  const text = (start, length) => tar.toString("utf8", start, start + length).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const folder = text(at + 345, 155);
    yield {
      name: `${folder}${folder === "" ? "" : "/"}${text(at, 100)}`,
      bytes: tar.subarray(at + 512, at + 512 + size),
    };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

/** The bytes of one file of a zip (stored or deflated, below 4 GB). Throws when it is not in there. */
export function fileOfZip(zip, wanted) {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw new Error("not a zip archive");
  let at = zip.readUInt32LE(end + 16);
  while (zip.readUInt32LE(at) === DIRECTORY_ENTRY) {
    const nameLength = zip.readUInt16LE(at + 28);
    if (zip.toString("utf8", at + 46, at + 46 + nameLength) === wanted) {
      const method = zip.readUInt16LE(at + 10);
      const local = zip.readUInt32LE(at + 42);
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const bytes = zip.subarray(start, start + zip.readUInt32LE(at + 20));
      if (method === 0) return bytes;
      if (method === 8) return inflateRawSync(bytes);
      throw new Error(`${wanted} is compressed by method ${method}, which this cannot read`);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`the archive holds no ${wanted}`);
}
