import { setImmediate as nextTurn } from "node:timers/promises";
import { expired, type Status, tooLargeResourceVersion } from "@krm/apimachinery";
import { compareResourceVersions, type ResourceVersion, type StoredObject } from "@krm/core";
import type { Listener } from "./audiences.ts";
import { type RingEvent, seenBy } from "./watch-event.ts";
import { untilRoom } from "./until-room.ts";
import type { WatchEnd } from "./watch-end.ts";
import { startOf } from "./watch-start.ts";
import type { WatcherInput } from "./watcher-input.ts";

/** Upstream `defaultBookmarkFrequency`. */
const BOOKMARK_EVERY_MS = 60_000;
/** A watch that will time out gets a last bookmark this long before. */
const BOOKMARK_BEFORE_END_MS = 2000;
/** How long a view that is to be newer is waited for. Upstream `blockTimeout`. */
const PATIENCE_MS = 3000;
/** Objects or events that are looked at in one go, before others get a turn. */
const STEP = 128;
/** What is written in one go while there is much to write. Bytes. */
const BLOCK = 256 * 1024;

type State =
  /** The view is older than what was asked for. */
  | { readonly phase: "waiting" }
  /** Tells all that there was when it began. */
  | {
      readonly phase: "initial";
      readonly objects: readonly StoredObject[];
      sent: number;
      readonly next: number;
      readonly version: string;
    }
  /** Reads from the log, at the pace of the reader. */
  | { readonly phase: "replaying"; readonly next: number }
  /** Hears what happens with all others who listen for the same. */
  | { readonly phase: "live"; readonly leave: () => void }
  | { readonly phase: "ended" };

/**
 * One watch: what it begins with, its bookmarks, its end. A reader who keeps up hears with the others; one who does not
 * reads from the log, so that nothing is kept for it alone, until it has caught up or the log has gone on without it.
 */
export class Watcher implements Listener {
  readonly #input: WatcherInput;
  #state: State = { phase: "waiting" };
  #isFresh = true;
  #delivering = false;
  readonly #over = new AbortController();
  readonly #done = Promise.withResolvers<WatchEnd>();

  constructor(input: WatcherInput) {
    this.#input = input;
  }

  /** Resolves when it has ended; never rejects. */
  get done(): Promise<WatchEnd> {
    return this.#done.promise;
  }

  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** Whether it hears what happens, and need not be looked after. */
  get isLive(): boolean {
    return this.#state.phase === "live";
  }

  /** Begins. From now on {@link look} must be called after each commit, while it is not live. */
  start(): void {
    const { sink } = this.#input;
    if (sink.closed.aborted) return this.finish("left");
    sink.closed.addEventListener("abort", () => this.finish("left"), { once: true, signal: this.#over.signal });
    const start = startOf(this.#input.options);
    if (start.type === "initial" && start.atLeast !== undefined) void this.#awaitNews(start.atLeast);
    this.#begin();
    void this.#keepTime();
  }

  /** The view has changed. */
  look(): void {
    const state = this.#state;
    if (state.phase === "waiting") this.#begin();
    else if ((state.phase === "initial" || state.phase === "replaying") && state.next < this.#input.ring.log.first)
      this.finish("slow");
  }

  hear(block: Buffer): void {
    if (this.#state.phase !== "live") return;
    const { ring, sink, bounds } = this.#input;
    this.#write(block);
    if (sink.waiting <= bounds.windowBytes) return;
    this.#state.leave();
    this.#state = { phase: "replaying", next: ring.log.next };
    void this.#deliver();
  }

  /** What was told cannot be gone on from: the reader must list again. */
  expire(message: string): void {
    this.#fail("expired", expired(message).status);
  }

  /** Ends it. */
  finish(how: WatchEnd): void {
    const { sink } = this.#input;
    if (this.#state.phase === "ended") return;
    if (this.#state.phase === "live") this.#state.leave();
    this.#state = { phase: "ended" };
    this.#over.abort();
    if (how === "slow" || how === "left") sink.destroy();
    else sink.end();
    this.#done.resolve(how);
  }

  #fail(how: WatchEnd, status: Status): void {
    const { ring, sink } = this.#input;
    if (this.#state.phase === "ended") return;
    sink.write(ring.frames.error(status));
    this.finish(how);
  }

  #begin(): void {
    const { ring, options, interest } = this.#input;
    const { log } = ring;
    const start = startOf(options);
    switch (start.type) {
      case "now":
        this.#state = { phase: "replaying", next: log.next };
        break;
      case "initial":
        if (start.atLeast !== undefined && this.#isOlder(start.atLeast)) return;
        this.#state = {
          phase: "initial",
          objects: ring.objects(interest.namespace),
          sent: 0,
          next: log.next,
          version: ring.version,
        };
        break;
      case "after": {
        const place = ring.locate(start.version);
        if (place.type === "ahead") return;
        if (place.type === "too-old") {
          this.expire(`too old resource version: ${options.resourceVersion} (${place.oldest})`);
          return;
        }
        this.#state = { phase: "replaying", next: place.next };
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
    this.#fail("too-new", tooLargeResourceVersion(version, this.#input.ring.version).status);
  }

  /** Writes what is behind, as far as there is room, until the watch is live. */
  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    for (let steps = 1; ; steps++) {
      if (!this.#hasRoom && !(await this.#room())) break;
      const state = this.#state;
      if (state.phase === "initial") this.#tellInitial(state);
      else if (state.phase === "replaying") this.#replay(state.next);
      else break;
      if (steps % 4 === 0) await nextTurn();
    }
    this.#delivering = false;
  }

  #tellInitial(state: Extract<State, { phase: "initial" }>): void {
    const { ring, shape, interest, options } = this.#input;
    const { objects } = state;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    let first = this.#isFresh;
    const stop = Math.min(objects.length, state.sent + STEP);
    for (; state.sent < stop && bytes < BLOCK; state.sent++) {
      const object = objects[state.sent] as StoredObject;
      if (interest.wanted?.(object) === false) continue;
      for (const piece of ring.frames.pieces("ADDED", object, object.resourceVersion, shape, first)) {
        pieces.push(piece);
        bytes += piece.byteLength;
      }
      first = false;
    }
    if (pieces.length > 0) this.#write(Buffer.concat(pieces, bytes));
    if (state.sent < objects.length) return;
    if (options.allowWatchBookmarks) this.#input.sink.write(ring.frames.bookmark(state.version, shape, true));
    this.#state = { phase: "replaying", next: state.next };
  }

  #replay(from: number): void {
    const { ring, shape, interest } = this.#input;
    const events = ring.log.read(from, STEP);
    if (events === undefined) return this.finish("slow");
    if (events.length === 0) {
      // What was told and not handed over is in the log, and was just read there.
      ring.flush();
      this.#state = { phase: "live", leave: ring.audiences.join(interest, shape, this) };
      return;
    }
    const frames: Buffer[] = [];
    let bytes = 0;
    let next = from;
    for (const event of events) {
      if (bytes >= BLOCK) break;
      next++;
      const frame = this.#frameOf(event, frames.length === 0);
      if (frame === undefined) continue;
      frames.push(frame);
      bytes += frame.length;
    }
    this.#state = { phase: "replaying", next };
    if (frames.length > 0) this.#write(Buffer.concat(frames, bytes));
  }

  #frameOf(event: RingEvent, first: boolean): Buffer | undefined {
    const { ring, shape, interest } = this.#input;
    if (interest.namespace !== undefined && event.object.namespace !== interest.namespace) return undefined;
    const seen = seenBy(interest.wanted, event);
    return seen === undefined ? undefined : ring.frames.event(event, seen, shape, first && this.#isFresh);
  }

  #write(block: Buffer): void {
    this.#isFresh = false;
    this.#input.sink.write(block);
  }

  get #hasRoom(): boolean {
    const { sink, bounds } = this.#input;
    return sink.waiting <= bounds.windowBytes;
  }

  /** Waits until there is room again. False: the watch has ended. */
  async #room(): Promise<boolean> {
    const { sink, clock, bounds } = this.#input;
    const found = await untilRoom(sink, bounds, clock, this.#over.signal);
    if (found === "stalled") this.finish("slow");
    return found === "room";
  }

  /** Sends bookmarks when they are due, and ends the watch at its time. */
  async #keepTime(): Promise<void> {
    const { clock, options, timeoutMs } = this.#input;
    const deadline = clock.monotonic() + timeoutMs;
    for (;;) {
      const now = clock.monotonic();
      const beforeEnd = deadline - BOOKMARK_BEFORE_END_MS;
      const bookmark = beforeEnd > now ? Math.min(now + BOOKMARK_EVERY_MS, beforeEnd) : Infinity;
      const wake = options.allowWatchBookmarks ? Math.min(bookmark, deadline) : deadline;
      if (!(await this.#pass(wake - now))) return;
      if (wake >= deadline) break;
      this.#bookmark();
    }
    this.#input.ring.flush();
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

  /** Only who has been told all that the version stands for may hold it. */
  #bookmark(): void {
    const { ring, shape, sink, options } = this.#input;
    const start = startOf(options);
    ring.flush();
    if (this.#state.phase !== "live") return;
    // A watch from the future has nothing to promise yet.
    if (start.type === "after" && this.#isOlder(start.version)) return;
    sink.write(ring.frames.bookmark(ring.version, shape, false));
  }
}
