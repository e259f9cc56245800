import { expired, type Status, tooLargeResourceVersion } from "@krm/apimachinery";
import { compareResourceVersions, type ResourceVersion } from "@krm/core";
import type { Listener } from "./audiences.ts";
import { eventBlock, LOOK_COST, objectBlock, STEP } from "./block.ts";
import { condensed } from "./condensed.ts";
import { ContactTeller } from "./contact-teller.ts";
import { PacedSink } from "./paced-sink.ts";
import type { RingEvent } from "./watch-event.ts";
import type { WatchEnd } from "./watch-end.ts";
import { startOf } from "./watch-start.ts";
import type { WatcherInput } from "./watcher-input.ts";
import { isBehind, placeOf, snapshotOf, type WatcherState } from "./watcher-state.ts";
import { dueTimes } from "./due-times.ts";

/** How long a view that is to be newer is waited for. Upstream `blockTimeout`. */
const PATIENCE_MS = 3000;

/**
 * One watch: what it begins with, its bookmarks, its end. A reader who keeps up hears with the others; one who does not
 * reads from the log, so that nothing is kept for it alone, until it has caught up or the log has gone on without it.
 */
export class Watcher implements Listener {
  readonly #input: WatcherInput;
  #state: WatcherState = { phase: "waiting" };
  #isFresh = true;
  #delivering = false;
  readonly #over = new AbortController();
  readonly #done = Promise.withResolvers<WatchEnd>();
  readonly #sink: PacedSink;
  readonly #contact: ContactTeller;
  /** Whether a newer contact waits until it is due. */
  #tellsLater = false;
  #failure: unknown;
  /** What its reader may know, and this view has yet to tell. */
  #heldBack: string | undefined;

  constructor(input: WatcherInput) {
    this.#input = input;
    this.#sink = new PacedSink(input.sink, input.bounds, input.clock);
    this.#contact = new ContactTeller(input.tellsContact, input.clock);
  }

  /** Resolves when it has ended; never rejects. */
  get done(): Promise<WatchEnd> {
    return this.#done.promise;
  }

  /** Why it has failed. */
  get failure(): unknown {
    return this.#failure;
  }

  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** See {@link WatcherInput}. */
  get isWhole(): boolean {
    return this.#input.isWhole;
  }

  /** Whether it hears what happens, and need not be looked after. */
  get isLive(): boolean {
    return this.#state.phase === "live";
  }

  /** See {@link WatcherInput}. */
  get tellsContact(): boolean {
    return this.#contact.isAsked;
  }

  /** Begins. From now on {@link look} must be called after each commit, while it is not live, or {@link tellsContact}. */
  start(): void {
    const { closed } = this.#sink;
    if (closed.aborted) return this.finish("left");
    closed.addEventListener("abort", () => this.finish("left"), { once: true, signal: this.#over.signal });
    const start = startOf(this.#input.options);
    this.#heldBack = this.#input.ring.heldBack;
    if (start.type === "initial" && start.atLeast !== undefined)
      this.#awaitNews(start.atLeast).catch((error: unknown) => this.fail(error));
    this.#begin();
    this.#keepTime().catch((error: unknown) => this.fail(error));
  }

  /** The view has changed. */
  look(): void {
    const state = this.#state;
    if (state.phase === "waiting") this.#begin();
    else if (state.phase === "live") this.#tellContact();
    else if ((placeOf(state) ?? Infinity) < this.#input.ring.log.first) this.finish("slow");
  }

  hear(block: Buffer): void {
    if (this.#state.phase !== "live") return;
    this.#write(block);
    if (this.#sink.hasRoom) return;
    this.#state.leave();
    this.#state = { phase: "replaying", next: this.#input.ring.log.next };
    void this.#deliver();
  }

  /** What was told cannot be gone on from: the reader must list again. */
  expire(message: string): void {
    this.refuse("expired", expired(message).status);
  }

  fail(error: unknown): void {
    this.#failure ??= error;
    this.finish("failed");
  }

  /** Ends it. */
  finish(how: WatchEnd): void {
    if (this.#state.phase === "ended") return;
    if (this.#state.phase === "live") this.#state.leave();
    this.#state = { phase: "ended" };
    this.#over.abort();
    if (how === "slow" || how === "left" || how === "failed") this.#sink.destroy();
    else this.#sink.end();
    this.#done.resolve(how);
  }

  /** Ends it with an error that the reader is told. */
  refuse(how: WatchEnd, status: Status): void {
    if (this.#state.phase === "ended") return;
    this.#sink.write(this.#input.ring.frames.error(status));
    this.finish(how);
  }

  #begin(): void {
    const { ring, options } = this.#input;
    const start = startOf(options);
    switch (start.type) {
      case "now":
        this.#state = { phase: "replaying", next: ring.log.next };
        break;
      case "initial":
        if (start.atLeast !== undefined && this.#isOlder(start.atLeast)) return;
        this.#state = { phase: "queued" };
        break;
      case "after": {
        const place = ring.locate(start.version);
        if (place.type === "ahead") return;
        if (place.type === "too-old") {
          this.expire(`too old resource version: ${options.resourceVersion} (${place.oldest})`);
          return;
        }
        // Else it would be led back to what its reader has passed.
        if (this.#heldBack !== undefined && this.#isOlder(this.#heldBack)) return;
        this.#state = { phase: ring.tellsOnce ? "resuming" : "replaying", next: place.next };
        break;
      }
      default:
        start satisfies never;
    }
    void this.#deliver();
  }

  /** Whether the view is older than a version. */
  #isOlder(version: string): boolean {
    const { ring } = this.#input;
    return ring.comparable && compareResourceVersions(ring.version as ResourceVersion, version as ResourceVersion) < 0;
  }

  async #awaitNews(version: string): Promise<void> {
    if (!this.#isOlder(version)) return;
    if (!(await this.#pass(PATIENCE_MS)) || this.#state.phase !== "waiting") return;
    this.refuse("too-new", tooLargeResourceVersion(version, this.#input.ring.version).status);
  }

  /** Writes what is behind, as far as there is room, until the watch is live. */
  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    const { queue } = this.#input;
    try {
      while (this.#sink.hasRoom || (await this.#room())) {
        if (this.#isOnTime()) this.#join();
        if (!isBehind(this.#state)) break;
        if (!queue.tryEnter()) await queue.enter(this.#state.phase !== "queued");
        try {
          await this.#goOn();
        } finally {
          queue.leave();
        }
      }
    } catch (error) {
      this.fail(error);
    }
    this.#delivering = false;
  }

  /** Goes on while it has a place among those who write. */
  async #goOn(): Promise<void> {
    const { queue, ring, interest } = this.#input;
    while (isBehind(this.#state) && this.#sink.hasRoom && !this.#isOnTime()) {
      if (queue.isSpent) await queue.anew();
      const state = this.#state;
      if (state.phase === "queued") this.#state = snapshotOf(ring, interest);
      else if (state.phase === "initial") this.#tellInitial(state);
      else if (state.phase === "replaying") this.#replay(state.next);
      else if (state.phase === "resuming") this.#resume(state.next);
      else if (state.phase === "catching-up") this.#catchUp(state);
    }
  }

  /** Whether nothing is left to be read from the log. */
  #isOnTime(): boolean {
    return this.#state.phase === "replaying" && this.#state.next === this.#input.ring.log.next;
  }

  #join(): void {
    const { ring, shape, interest } = this.#input;
    // What was told and not handed over is in the log, and was just read there.
    ring.flush();
    this.#state = { phase: "live", leave: ring.audiences.join(interest, shape, this) };
    // What was told before may have been known for long; what follows is told as it comes.
    this.#tellContact();
  }

  #tellInitial(state: Extract<WatcherState, { phase: "initial" }>): void {
    const { ring, shape, options, queue } = this.#input;
    const { objects, sent } = state;
    const { bytes, looked, cost } = objectBlock(objects.slice(sent, sent + STEP), this.#input, this.#isFresh);
    queue.spend(cost);
    state.sent += looked;
    if (bytes !== undefined) this.#write(bytes);
    if (state.sent < objects.length) return;
    if (options.allowWatchBookmarks) {
      const contact = this.tellsContact ? state.lastContact : undefined;
      this.#sink.write(ring.frames.bookmark(state.version, shape, true, contact));
    }
    this.#state = { phase: "replaying", next: state.next };
  }

  #resume(from: number): void {
    const { ring, queue } = this.#input;
    const events = ring.log.read(from, Infinity);
    if (events === undefined) return this.finish("slow");
    queue.spend(events.length * LOOK_COST);
    this.#state = { phase: "catching-up", events: condensed(events), sent: 0, next: ring.log.next };
  }

  #catchUp({ events, sent, next }: Extract<WatcherState, { phase: "catching-up" }>): void {
    this.#tell(events.slice(sent, sent + STEP), (looked) =>
      sent + looked < events.length
        ? { phase: "catching-up", events, sent: sent + looked, next }
        : { phase: "replaying", next },
    );
  }

  #replay(from: number): void {
    const events = this.#input.ring.log.read(from, STEP);
    if (events === undefined) return this.finish("slow");
    this.#tell(events, (looked) => ({ phase: "replaying", next: from + looked }));
  }

  /** Tells as many events as go into one block. `after`: the state when so many of them were looked at. */
  #tell(events: readonly RingEvent[], after: (looked: number) => WatcherState): void {
    const { bytes, looked, cost } = eventBlock(events, this.#input, this.#isFresh);
    this.#input.queue.spend(cost);
    // Writing may end the watch.
    this.#state = after(looked);
    if (bytes !== undefined) this.#write(bytes);
  }

  #write(block: Buffer): void {
    this.#isFresh = false;
    this.#sink.write(block);
  }

  /** Waits until there is room again. False: the watch has ended. */
  async #room(): Promise<boolean> {
    const found = await this.#sink.room(this.#over.signal);
    if (found === "stalled") this.finish("slow");
    return found === "room";
  }

  /** Sends bookmarks when they are due, and ends the watch at its time. */
  async #keepTime(): Promise<void> {
    const { clock, options, timeoutMs, ring } = this.#input;
    for (const { at, isEnd } of dueTimes(clock, timeoutMs, options.allowWatchBookmarks)) {
      if (!(await this.#pass(at - clock.monotonic()))) return;
      if (isEnd) break;
      if (this.#sink.isStuck() && this.isLive) return this.finish("slow");
      if (options.allowWatchBookmarks) this.#bookmark();
    }
    ring.flush();
    this.finish("timeout");
  }

  /** False: the watch has ended before. */
  async #pass(ms: number): Promise<boolean> {
    try {
      await this.#input.clock.sleep(ms, { signal: this.#over.signal });
    } catch (error) {
      if (this.#over.signal.aborted) return false;
      throw error;
    }
    return true;
  }

  /** Tells of a newer contact, now or when that is due. */
  #tellContact(): void {
    const ms = this.#contact.dueIn(this.#input.ring.lastContact);
    if (ms === 0) this.#bookmark();
    else if (ms !== undefined && !this.#tellsLater) this.#tellContactIn(ms).catch((error: unknown) => this.fail(error));
  }

  async #tellContactIn(ms: number): Promise<void> {
    this.#tellsLater = true;
    const isOpen = await this.#pass(ms);
    this.#tellsLater = false;
    // Who is behind is told when it has caught up.
    if (isOpen && this.isLive) this.#tellContact();
  }

  /** Only who has been told all that the version stands for may hold it. */
  #bookmark(): void {
    const { ring, shape, options } = this.#input;
    const start = startOf(options);
    ring.flush();
    if (this.#state.phase !== "live") return;
    // A watch from the future has nothing to promise yet.
    if (start.type === "after" && this.#isOlder(start.version)) return;
    this.#sink.write(ring.frames.bookmark(ring.version, shape, false, this.#contact.tell(ring.lastContact)));
  }
}
