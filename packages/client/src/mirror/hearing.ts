import type { Freshness } from "@krm/protocol";
import type { Timing } from "../timing.ts";
import { BEHIND_MS } from "./mirror-freshness.ts";

/** A server of which nothing was heard for so long, neither by the watch nor when it was asked, may be anywhere. Milliseconds. */
const SILENT_MS = 40_000;
/** A server sends its watch a bookmark each minute: one that says nothing for so long may be dead. Milliseconds. */
const QUIET_MS = 75_000;

/** A moment, by both clocks: the one that only goes forwards may stand still while the machine sleeps. */
interface Moment {
  readonly at: number;
  readonly wall: number;
}

/** What is heard of a server, and so whether a watch that seems to be followed still is. */
export class Hearing {
  readonly #timing: Timing;
  #spoke: Moment;
  #answered: Moment;
  /** The newest contact that this connection told; undefined: it tells of none. */
  #contact: Date | undefined;
  /** The newest contact that the server named while the watch had said nothing for ten seconds, nor has since. */
  #named: Date | undefined;
  #isSuspect = false;
  /** Since when the server is known to have heard what the watch should have told at once. */
  #owedSince: number | undefined;
  #unanswered: string | undefined;

  constructor(timing: Timing) {
    this.#timing = timing;
    this.#spoke = this.#now();
    this.#answered = this.#spoke;
  }

  /** When the watch spoke last. */
  get spokeAt(): number {
    return this.#spoke.at;
  }

  /** Why what has changed may not have been told; undefined: nothing speaks for that. */
  get doubt(): string | undefined {
    if (this.#unanswered !== undefined) return this.#unanswered;
    if (this.#owedSince !== undefined && this.#timing.now() - this.#owedSince >= BEHIND_MS)
      return "the watch does not tell what the server has heard since";
    const quietMs = this.#sinceThen(this.#spoke);
    const silentMs = Math.min(quietMs, this.#sinceThen(this.#answered));
    if (silentMs >= SILENT_MS) return `nothing was heard of the server for ${Math.floor(silentMs / 1000)} s`;
    return quietMs < QUIET_MS ? undefined : `the watch has told nothing for ${Math.floor(quietMs / 1000)} s`;
  }

  /** Whether the server has named a contact that may only not have been told: the next word on it will show. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  /** When time alone brings a doubt, unless something is heard before. */
  get dueAt(): number {
    const now = this.#timing.now();
    const times = [this.#spoke.at + QUIET_MS, (this.#owedSince ?? Infinity) + BEHIND_MS];
    return Math.min(...times.filter((at) => at > now), Infinity);
  }

  /** A new connection was answered. */
  opened(): void {
    this.#contact = undefined;
    this.spoke();
  }

  /** The watch said something. */
  spoke(): void {
    this.#spoke = this.#now();
    this.#named = undefined;
    this.#isSuspect = false;
    this.#owedSince = undefined;
    this.#unanswered = undefined;
  }

  /** The watch told when the server's view last heard from its source. */
  contact(at: Date): void {
    this.spoke();
    this.#contact = at;
  }

  /**
   * The server said how its view is, when it was asked. It tells its watch a newer contact at once, unless it told one
   * within ten seconds: then that one comes when they are over, or, of a server before that, with the next.
   */
  answered({ lastContact }: Freshness): void {
    this.#answered = this.#now();
    this.#unanswered = undefined;
    this.#isSuspect = false;
    if (this.#contact === undefined || lastContact === undefined) return;
    const { at } = this.#answered;
    this.#isSuspect = lastContact > (this.#named ?? this.#contact);
    if (this.#named !== undefined && this.#isSuspect) this.#owedSince ??= at;
    if (at - this.#spoke.at >= BEHIND_MS) this.#named = lastContact;
  }

  /** It did not. */
  unanswered(why: string): void {
    this.#unanswered = why;
  }

  #now(): Moment {
    return { at: this.#timing.now(), wall: this.#timing.wallClock() };
  }

  #sinceThen({ at, wall }: Moment): number {
    return Math.max(this.#timing.now() - at, this.#timing.wallClock() - wall);
  }
}
