import type { OutputStream } from "../io.ts";

const CLEAR_TO_LINE_END = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/**
 * Some lines at the bottom of a terminal that are drawn over again in place. Each drawing is one write that overwrites
 * what stands there, so that nothing flickers. The cursor rests below, and is never hidden: however the process ends, the
 * terminal is as it was. Lines must be no wider than the terminal.
 */
export class LiveRegion {
  readonly #stream: OutputStream;
  #height = 0;
  #lines: readonly string[] = [];

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /** Replaces the lines. Those that do not fit the terminal's height are left out. */
  draw(lines: readonly string[]): void {
    this.#lines = lines.slice(0, Math.max(1, (this.#stream.rows ?? 24) - 1));
    this.#stream.write(`${this.#back()}${this.#text()}`);
  }

  /** Writes text, which must end with a line break, above the lines. */
  above(text: string): void {
    this.#stream.write(`${this.#back()}${CLEAR_BELOW}${text}${this.#text()}`);
  }

  /** Leaves the lines as they are: what is drawn next comes below them. */
  end(): void {
    this.#height = 0;
    this.#lines = [];
  }

  #back(): string {
    return this.#height === 0 ? "" : `\u001b[${this.#height}A\r`;
  }

  #text(): string {
    this.#height = this.#lines.length;
    return `${this.#lines.map((line) => `${line}${CLEAR_TO_LINE_END}\n`).join("")}${CLEAR_BELOW}`;
  }
}
