import type { CliIo, OutputStream } from "../src/io.ts";

/** A stream that keeps what is written, and tells who waits for a text when it is there. */
export class Written implements OutputStream {
  readonly isTTY: boolean;
  readonly columns = 100;
  readonly rows = 40;
  text = "";
  readonly #waiting = new Set<() => void>();

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.text += text;
    for (const check of this.#waiting) check();
    return true;
  }

  /** Resolves with the first match, as soon as there is one. */
  async matching(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
    const check = (): void => {
      const match = pattern.exec(this.text);
      if (match !== null) resolve(match);
    };
    this.#waiting.add(check);
    check();
    try {
      return await promise;
    } finally {
      this.#waiting.delete(check);
    }
  }
}

/** Input and output of one command, in memory. */
export interface FakeIo extends CliIo {
  readonly stdout: Written;
  readonly stderr: Written;
  /** Asks the command to end. */
  readonly end: () => void;
}

/** Makes a {@link FakeIo}. */
export function fakeIo(options: { readonly env?: CliIo["env"]; readonly terminal?: boolean } = {}): FakeIo {
  const stop = new AbortController();
  return {
    stdout: new Written(options.terminal),
    stderr: new Written(options.terminal),
    env: options.env ?? {},
    signal: stop.signal,
    end: () => stop.abort(),
  };
}
