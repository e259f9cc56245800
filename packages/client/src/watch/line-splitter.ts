/** A watch brought what cannot be read: invalid UTF-8, or a line that is too long. */
export class UnreadableLine extends Error {
  override readonly name = "UnreadableLine";
}

const NEWLINE = 0x0a;

/**
 * Cuts a stream of UTF-8 bytes into lines, wherever the chunks are cut: also inside of a character. Holds the beginning
 * of one line, of at most `maxBytes`, and nothing else.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a line whose end has not come yet. */
  get pending(): number {
    return this.#length;
  }

  /**
   * The lines that end in this chunk, one by one, without their ends; empty ones are left out. Take them all before the
   * next chunk.
   *
   * @throws UnreadableLine; nothing after that can be read.
   */
  *push(chunk: Uint8Array): Generator<string, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      const line = this.#take();
      if (line.trim() !== "") yield line;
    }
    this.#keep(chunk.subarray(start));
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length > this.#maxBytes) throw new UnreadableLine(`a line is longer than ${this.#maxBytes} bytes`);
    this.#pieces.push(piece);
  }

  #take(): string {
    const [first = new Uint8Array(), ...more] = this.#pieces;
    const bytes = more.length === 0 ? first : joined(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    try {
      return this.#decoder.decode(bytes);
    } catch (cause) {
      throw new UnreadableLine("a line is no UTF-8", { cause });
    }
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
