import { type Clock, KrmError, type Logger } from "@krm/core";

/** The same trouble is told again after this. Milliseconds. */
const AGAIN = 60_000;

/** Different troubles that are told within that time. */
const KINDS = 8;

/** Tells the operator once, and then now and then, that the API server does not answer for readers, and when it does again. */
export class ReaderTrouble {
  readonly #what: string;
  readonly #status: number;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** When each was told, in that order. */
  readonly #told = new Map<string, number>();
  #isOpen = false;

  /** @param what Happens to readers: `authenticated`. @param status What they get instead. */
  constructor(what: string, status: number, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#what = what;
    this.#status = status;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Tells of a failure, unless it is known. What the error says must not hold a token. */
  failed(error: unknown): void {
    const known = KrmError.is(error) ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    const kind = known === undefined ? message : `${known.code} ${known.status?.code ?? ""}`;
    const now = this.#clock.monotonic();
    for (const [old, at] of this.#told) if (now - at >= AGAIN) this.#told.delete(old);
    if (this.#told.has(kind) || this.#told.size >= KINDS) return;
    this.#told.set(kind, now);
    this.#isOpen = true;
    const { code, hint } = known ?? {};
    const fields = { ...(code === undefined ? {} : { code }), ...(hint === undefined ? {} : { hint }) };
    this.#logger.warn(fields, `readers cannot be ${this.#what} and get ${this.#status}: ${message}`);
  }

  /** It was answered. */
  answered(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#logger.info({}, `readers are ${this.#what} again`);
  }
}
