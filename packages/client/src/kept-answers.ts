/** An answer that the server may call unchanged. */
export interface KeptAnswer {
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Entry extends KeptAnswer {
  /** Who was answered. */
  readonly token: string | undefined;
}

/** The last answer of each URL, as long as there is room; those that were asked for longest ago go first. */
export class KeptAnswers {
  readonly #maxBytes: number;
  /** By URL, in the order in which they were asked for. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** @param maxBytes What all of them may have together, names and tags left out. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What this token was answered; another's is never given. */
  of(url: string, token: string | undefined): KeptAnswer | undefined {
    const entry = this.#entries.get(url);
    if (entry === undefined || entry.token !== token) return undefined;
    this.#entries.delete(url);
    this.#entries.set(url, entry);
    return entry;
  }

  /** Keeps an answer in place of the one before, whoever's that was. The bytes must not change any more. */
  keep(url: string, token: string | undefined, answer: KeptAnswer): void {
    this.#drop(url);
    if (answer.bytes.length > this.#maxBytes) return;
    this.#entries.set(url, { ...answer, token });
    this.#bytes += answer.bytes.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(url: string): void {
    this.#bytes -= this.#entries.get(url)?.bytes.length ?? 0;
    this.#entries.delete(url);
  }
}
