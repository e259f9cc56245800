import type { Clock } from "@krm/core";

/** A newer contact is told at once, but not more often than this. Between two, the events tell that there is contact. */
const EVERY_MS = 10_000;

/** What one watch has told of the view's last contact, where its reader asked for that. */
export class ContactTeller {
  /** Whether it is told at all. */
  readonly isAsked: boolean;
  readonly #clock: Clock;
  /** What was told last, and when first, on the monotonic clock. */
  #told: { readonly contact: number | undefined; readonly at: number } | undefined;

  constructor(isAsked: boolean, clock: Clock) {
    this.isAsked = isAsked;
    this.#clock = clock;
  }

  /** In how many milliseconds the reader should be told, 0: now; undefined: there is nothing new, or nobody asked. */
  dueIn(contact: number | undefined): number | undefined {
    if (!this.isAsked) return undefined;
    const told = this.#told;
    if (told === undefined) return 0;
    if (told.contact === contact) return undefined;
    return Math.max(0, told.at + EVERY_MS - this.#clock.monotonic());
  }

  /** What a bookmark that is written now, and promises all before it, tells. */
  tell(contact: number | undefined): number | undefined {
    if (!this.isAsked) return undefined;
    if (this.#told === undefined || this.#told.contact !== contact)
      this.#told = { contact, at: this.#clock.monotonic() };
    return contact;
  }
}
