import type { Freshness } from "@krm/protocol";
import { KrmClientError, type KrmClientErrorCode } from "../error.ts";
import { LONGEST_TIMER, type Timing } from "../timing.ts";
import type { WatchObserver } from "../watch/watch-observer.ts";
import { Hearing } from "./hearing.ts";
import type { MirrorSet } from "./mirror-set.ts";
import { BEHIND_MS, isFresh, judge, type Known, type Link, type MirrorFreshness } from "./mirror-freshness.ts";

/** So long after the last news of its view a server is asked for some. Milliseconds. */
const ASK_MS = 30_000;
/** … while what it said last was nothing good, or made its watch suspect. Milliseconds. */
const ASK_AGAIN_MS = 10_000;

const NO_ANSWER: ReadonlySet<KrmClientErrorCode> = new Set<KrmClientErrorCode>([
  "KRM_CLIENT_CONNECTION",
  "KRM_CLIENT_TIMEOUT",
]);

/** What a keeper works with. */
export interface TrustContext {
  readonly timing: Timing;
  readonly set: Pick<MirrorSet<unknown>, "isSynced" | "position">;
  /** Asks the server how far its view can be trusted. */
  readonly ask: (signal: AbortSignal) => Promise<Freshness | undefined>;
  /** Hears when that the view is stale, or fresh again, comes to be known. Not before the first set is complete. */
  readonly changed: (freshness: MirrorFreshness, isFresh: boolean) => void;
}

/**
 * Keeps what is known of how far a mirror can be trusted. A server tells its watch when its view last heard from the
 * cluster, each ten seconds at most; where that does not come, it is asked.
 */
export class TrustKeeper implements WatchObserver {
  readonly #context: TrustContext;
  readonly #hearing: Hearing;
  #link: Link;
  #told: Freshness | undefined;
  #toldAt: Date | undefined;
  /** When the server was last asked, or told without. */
  #askedAt: number;
  /** When a newer contact was told. */
  #contactAt: number;
  #asking: Promise<void> | undefined;
  #wasFresh = true;
  #rearm = new AbortController();

  constructor(context: TrustContext) {
    this.#context = context;
    const now = context.timing.now();
    this.#hearing = new Hearing(context.timing);
    this.#link = { state: "connecting", since: now };
    this.#askedAt = now;
    this.#contactAt = now;
  }

  /** As of now. */
  get freshness(): MirrorFreshness {
    const { set, timing } = this.#context;
    const now = timing.now();
    const known: Known = {
      link: this.#link,
      told: this.#told,
      toldAt: this.#toldAt,
      doubt: this.#hearing.doubt,
      isSynced: set.isSynced,
      resourceVersion: set.position,
    };
    return judge(known, now, (at) => new Date(timing.wallClock() - (now - at)));
  }

  opened(freshness: Freshness, isInitial: boolean): void {
    this.#link = { state: isInitial ? "syncing" : "resuming", since: this.#since };
    this.#hearing.opened();
    this.#hear(freshness);
    this.#rearm.abort();
  }

  closed(trouble: KrmClientError | undefined): void {
    this.#link = { state: "connecting", since: this.#since, trouble: trouble?.message };
    this.#rearm.abort();
  }

  contact(at: Date): void {
    this.heard();
    this.#hearing.contact(at);
    if (this.#told === undefined || this.#told.lastContact?.getTime() === at.getTime()) return;
    this.#told = { ...this.#told, lastContact: at };
    this.#contactAt = this.#context.timing.now();
    this.#rearm.abort();
  }

  /** All up to now has been told. */
  caughtUp(): void {
    if (this.#link.state === "following") return;
    this.#link = { state: "following" };
    this.#rearm.abort();
  }

  /** The server speaks. */
  heard(): void {
    const { doubt } = this.#hearing;
    this.#hearing.spoke();
    if (doubt !== undefined) this.#rearm.abort();
  }

  /** The mirror is over. Without `trouble`: because it was meant to be. */
  end(trouble: string | undefined): void {
    this.#link = { state: "ended", since: this.#since, trouble };
    if (trouble !== undefined) this.#compare();
  }

  /** Asks, and looks at the time, until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { timing } = this.#context;
    const stop = (): void => this.#rearm.abort();
    signal.addEventListener("abort", stop);
    while (!signal.aborted) {
      this.#compare();
      this.#rearm = new AbortController();
      // Who heard of the change may have ended it.
      if (signal.aborted) break;
      const now = timing.now();
      const askAt = this.#askAt();
      const left = Math.min(askAt, this.#judgeAt()) - now;
      if (askAt <= now) this.#asking = this.#ask(signal);
      else await timing.sleep(Math.min(LONGEST_TIMER, Math.max(1, left)), this.#rearm.signal).catch(() => {});
    }
    signal.removeEventListener("abort", stop);
    await this.#asking;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const askedAt = this.#context.timing.now();
    this.#askedAt = askedAt;
    try {
      const freshness = await this.#context.ask(signal);
      if (freshness === undefined) this.#missed(askedAt, "the server does not say how its view is");
      else this.#answered(freshness);
    } catch (error) {
      if (!(error instanceof KrmClientError)) return;
      if (error.freshness !== undefined) this.#answered(error.freshness);
      else if (NO_ANSWER.has(error.code)) this.#missed(askedAt, `the server does not answer: ${error.message}`);
      else this.#missed(askedAt, `the server does not say how its view is: ${error.message}`);
    } finally {
      this.#asking = undefined;
      this.#rearm.abort();
    }
  }

  #answered(freshness: Freshness): void {
    this.#hearing.answered(freshness);
    this.#hear(freshness);
  }

  #missed(askedAt: number, why: string): void {
    // What has become of it since is known better from the watch.
    if (this.#link.state === "following" && this.#hearing.spokeAt <= askedAt) this.#hearing.unanswered(why);
  }

  #hear(freshness: Freshness): void {
    const { timing } = this.#context;
    this.#told = freshness;
    this.#toldAt = new Date(timing.wallClock());
    this.#askedAt = timing.now();
  }

  /** Tells what is not as it was when it was told last. */
  #compare(): void {
    const { changed, set } = this.#context;
    if (!set.isSynced) return;
    const { freshness } = this;
    const isNowFresh = isFresh(freshness.state);
    if (isNowFresh === this.#wasFresh) return;
    this.#wasFresh = isNowFresh;
    changed(freshness, isNowFresh);
  }

  /** Since when the link is not followed. One that was doubted is behind until it has caught up. */
  get #since(): number {
    if (this.#link.state !== "following") return this.#link.since;
    const now = this.#context.timing.now();
    return this.#hearing.doubt === undefined ? now : Math.min(this.#hearing.spokeAt, now - BEHIND_MS);
  }

  /** When the server is to be asked, unless it says something before. */
  #askAt(): number {
    if (this.#asking !== undefined || !this.#context.set.isSynced || this.#link.state !== "following") return Infinity;
    const { doubt, isSuspect } = this.#hearing;
    const isGood = doubt === undefined && !isSuspect && this.#told !== undefined && isFresh(this.#told.state);
    return isGood ? Math.max(this.#contactAt, this.#askedAt) + ASK_MS : this.#askedAt + ASK_AGAIN_MS;
  }

  /** When time alone makes the view another than it was told to be. */
  #judgeAt(): number {
    const link = this.#link;
    if (!this.#context.set.isSynced || !this.#wasFresh) return Infinity;
    return link.state === "following" || link.state === "ended" ? this.#hearing.dueAt : link.since + BEHIND_MS;
  }
}
