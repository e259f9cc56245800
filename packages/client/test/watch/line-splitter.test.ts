import { describe, expect, test } from "vitest";
import { LineSplitter, UnreadableLine } from "../../src/watch/line-splitter.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function split(chunks: readonly Uint8Array[], most = 1000): string[] {
  const splitter = new LineSplitter(most);
  return chunks.flatMap((chunk) => [...splitter.push(chunk)]);
}

describe("lines", () => {
  const text = '{"a":"é"}\n{"b":"漢字 😀"}\n\n \r\n{"c":1}\r\n{"d"';
  const lines = ['{"a":"é"}', '{"b":"漢字 😀"}', '{"c":1}\r'];

  test("are the same wherever the chunks are cut, also inside of a character", () => {
    const all = bytes(text);
    expect(split([all])).toEqual(lines);
    for (let one = 0; one <= all.length; one++)
      for (let two = one; two <= all.length; two += 3)
        expect(split([all.subarray(0, one), all.subarray(one, two), all.subarray(two)])).toEqual(lines);
    expect(split([...all].map((byte) => Uint8Array.of(byte)))).toEqual(lines);
  });

  test("may be as long as the bound, and no longer, whole or in pieces", () => {
    expect(split([bytes(`${"x".repeat(10)}\n`)], 10)).toEqual(["x".repeat(10)]);
    expect(() => split([bytes(`${"x".repeat(11)}\n`)], 10)).toThrow("a line is longer than 10 bytes");
    expect(() => split([bytes("xxxxxx"), bytes("xxxxx")], 10)).toThrow(UnreadableLine);
    expect(split([bytes("xxxxx\nxxxxx"), bytes("xxxxx\n")], 10)).toEqual(["xxxxx", "x".repeat(10)]);
  });

  test("that are no UTF-8 are told, not mended", () => {
    expect(() => split([Uint8Array.of(0x22, 0xff, 0x22, 0x0a)])).toThrow("a line is no UTF-8");
  });

  test("keep no more than the beginning of one", () => {
    const splitter = new LineSplitter(100);
    expect([...splitter.push(bytes("abc\nde"))]).toEqual(["abc"]);
    expect(splitter.pending).toBe(2);
    expect([...splitter.push(bytes("f\n"))]).toEqual(["def"]);
    expect(splitter.pending).toBe(0);
  });
});
