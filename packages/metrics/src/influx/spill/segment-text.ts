import { crc32 } from "node:zlib";

const MAGIC = "krm-influx-segment 1";

/**
 * Lines as the text of a segment file: a heading with their number and a checksum, and a JSON array, which says where one
 * ends whatever it holds.
 */
export function encodeSegment(lines: readonly string[]): string {
  const body = JSON.stringify(lines);
  return `${MAGIC} ${lines.length} ${checksum(body)}\n${body}`;
}

/** The lines of a segment file; or in words why it is none, or not all of one. */
export function decodeSegment(text: string): readonly string[] | { readonly wrong: string } {
  const end = text.indexOf("\n");
  const heading = text.slice(0, Math.max(end, 0));
  const [, count, sum] = new RegExp(`^${MAGIC} (\\d+) ([0-9a-f]{8})$`).exec(heading) ?? [];
  if (count === undefined) return { wrong: "it does not begin as a segment does" };
  const body = text.slice(end + 1);
  if (checksum(body) !== sum) return { wrong: "its checksum is another: it was cut or changed" };
  return JSON.parse(body) as readonly string[];
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, "0");
}

/** What the name of a segment file says. */
export interface SegmentName {
  /** The place of its first line in the folder's order. */
  readonly first: number;
  readonly lines: number;
}

/** @param writer eight hexadecimal digits, so that two processes never write to one name */
export function segmentName({ first, lines }: SegmentName, writer: string): string {
  return `segment-${String(first).padStart(16, "0")}-${lines}-${writer}.krm`;
}

/** Undefined: it is no segment's. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [, first, lines] = /^segment-(\d{16})-([1-9]\d{0,14})-[0-9a-f]{8}\.krm$/.exec(name) ?? [];
  return first === undefined ? undefined : { first: Number(first), lines: Number(lines) };
}
