import type { Freshness } from "@krm/protocol";
import type { Timing } from "../timing.ts";
import { BEHIND_MS } from "./mirror-freshness.ts";

/** A server of which nothing was heard for so long, neither by the watch nor when it was asked, may be anywhere. Milliseconds. */
const SILENT_MS = 40_000;

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
  /** Since when the server is known to have heard what the watch has not told. */
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
    const silentMs = Math.min(this.#sinceThen(this.#spoke), this.#sinceThen(this.#answered));
    return silentMs < SILENT_MS ? undefined : `nothing was heard of the server for ${Math.floor(silentMs / 1000)} s`;
  }

  /** When time alone brings a doubt, unless something is heard before. */
  get dueAt(): number {
    const due = this.#owedSince === undefined ? Infinity : this.#owedSince + BEHIND_MS;
    return due > this.#timing.now() ? due : Infinity;
  }

  /** A new connection was answered. */
  opened(): void {
    this.#contact = undefined;
    this.spoke();
  }

  /** The watch said something. */
  spoke(): void {
    this.#spoke = this.#now();
    this.#owedSince = undefined;
    this.#unanswered = undefined;
  }

  /** The watch told when the server's view last heard from its source. */
  contact(at: Date): void {
    this.spoke();
    this.#contact = at;
  }

  /** The server said how its view is, when it was asked: what it has heard by then, the watch tells within ten seconds. */
  answered({ lastContact }: Freshness): void {
    this.#answered = this.#now();
    this.#unanswered = undefined;
    if (this.#contact !== undefined && lastContact !== undefined && lastContact > this.#contact)
      this.#owedSince ??= this.#answered.at;
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
