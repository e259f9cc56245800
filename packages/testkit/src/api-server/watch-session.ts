import type { ListOptions, ObjectView } from "@krm/apimachinery";
import { type Clock, compareResourceVersions, type ResourceVersion } from "@krm/core";
import type { ClusterEvent, SimObject } from "../cluster/sim-object.ts";
import type { SimResource } from "../cluster/sim-resource.ts";
import { DelayLane } from "../faults/delay-lane.ts";
import type { EventFault } from "../faults/fault-plan.ts";
import type { ClusterReader } from "../watch-cache/cluster-reader.ts";
import type { ObjectFilter } from "./object-filter.ts";
import type { SeenEvent, WatchFrames } from "./watch-frames.ts";
import type { WatchStream } from "./watch-stream.ts";

/** Upstream `defaultBookmarkFrequency`. */
const BOOKMARK_EVERY_MS = 60_000;
/** A watch that will time out gets a last bookmark this long before. */
const BOOKMARK_BEFORE_END_MS = 2000;
/** An event that is to change places with the next one waits no longer than this for it. */
const REORDER_WINDOW_MS = 1000;

/** What one watch is about. */
export interface WatchInput {
  /** What it tells of. */
  readonly reader: ClusterReader;
  readonly clock: Clock;
  readonly frames: WatchFrames;
  readonly stream: WatchStream;
  readonly resource: SimResource;
  /** `""`: all. */
  readonly namespace: string;
  readonly filter: ObjectFilter;
  readonly options: ListOptions;
  readonly view: ObjectView;
  /** A bookmark marks the end of the initial events, if bookmarks are asked for. */
  readonly marker: boolean;
  /** When the server ends it. */
  readonly timeoutMs: number;
  /** How many milliseconds from now on an event is still under way. */
  readonly underway: (event: ClusterEvent) => number;
  /** What befalls the next event; undefined: nothing. */
  readonly nextFault: () => EventFault | undefined;
}

/**
 * One watch: what it has told, what it has yet to tell, and its bookmarks. Events are told in the order of their
 * versions unless a fault says otherwise. A delay holds up all that comes behind it, as a slow connection would, so that
 * no bookmark overtakes an event.
 */
export class WatchSession {
  readonly #input: WatchInput;
  /** Only what is newer is told. */
  #from: string;
  #first = true;
  /** Live lines that wait until the initial events are out. */
  #behind: Buffer[] | undefined;
  readonly #lane: DelayLane<Buffer>;
  #swap: { readonly line: Buffer; readonly due: number } | undefined;
  #ending = false;
  readonly #closed = new AbortController();

  constructor(input: WatchInput) {
    this.#input = input;
    this.#from = input.options.resourceVersion;
    this.#lane = new DelayLane(input.clock, this.#closed.signal, (line) => {
      if (this.#behind === undefined) input.stream.send(line);
      else this.#behind.push(line);
    });
  }

  get resource(): SimResource {
    return this.#input.resource;
  }

  get reader(): ClusterReader {
    return this.#input.reader;
  }

  /** Aborted when the connection is gone or the stream has ended. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /**
   * Sends what the watch begins with, up to its reader's version of this moment: all that exists, or all that happened
   * since the version asked for. From this call on, {@link deliver} must be called for every new event.
   *
   * @throws StatusError 410 when that version is compacted.
   */
  start(): void {
    const { frames, marker, options, reader, resource, view } = this.#input;
    const past = this.#from !== "" && this.#from !== "0";
    if (past && options.sendInitialEvents !== true) {
      for (const event of reader.eventsAfter(resource, this.#from)) this.deliver(event);
      return;
    }
    this.#from = reader.version;
    if (options.sendInitialEvents !== true) return;
    const { filter, namespace } = this.#input;
    const all = reader.list(resource, { namespace }).items;
    const items = filter.empty ? all : all.filter((item) => filter.matches(item));
    const end = marker && options.allowWatchBookmarks ? [frames.bookmark(resource, reader.version, view, true)] : [];
    void this.#sendInitial(items, end);
  }

  /** Tells one committed event, if it concerns this watch. */
  deliver(event: ClusterEvent): void {
    if (this.#ending || compare(event.resourceVersion, this.#from) <= 0) return;
    const seen = this.#seen(event);
    if (seen === undefined) return;
    const { clock, frames, nextFault, resource, stream, underway, view } = this.#input;
    const fault = nextFault();
    if (fault?.drop === true) return;
    const line = frames.event(resource, event, seen, view, this.#first);
    this.#first = false;
    if (fault?.truncate === true) {
      stream.truncate(line);
      return;
    }
    const due = clock.monotonic() + underway(event) + (fault?.delayMs ?? 0);
    if (fault?.reorder === true && this.#swap === undefined) {
      const swap = (this.#swap = { line, due });
      void this.#after(REORDER_WINDOW_MS, () => this.#unswap(swap));
      return;
    }
    this.#lane.put(line, due);
    if (fault?.duplicate === true) this.#lane.put(line, due);
    this.#unswap(this.#swap);
  }

  /** Ends the stream cleanly, behind what it began to send. */
  end(): void {
    this.#ending = true;
    if (this.#behind !== undefined) return;
    this.#input.stream.end();
    this.close();
  }

  /** The connection is gone: stops all timers. */
  close(): void {
    this.#closed.abort();
  }

  /** Sends bookmarks when they are due, and ends the stream at its time. Resolves when it has ended; never rejects. */
  async run(): Promise<void> {
    const { clock, options, timeoutMs } = this.#input;
    const deadline = clock.monotonic() + timeoutMs;
    for (;;) {
      const now = clock.monotonic();
      const beforeEnd = deadline - BOOKMARK_BEFORE_END_MS;
      const bookmark = beforeEnd > now ? Math.min(now + BOOKMARK_EVERY_MS, beforeEnd) : Infinity;
      const wake = options.allowWatchBookmarks ? Math.min(bookmark, deadline) : deadline;
      if (!(await this.#after(wake - now, () => {}))) return;
      if (wake >= deadline) break;
      this.#bookmark();
    }
    this.end();
  }

  /** Runs `then` after a span of the clock. Resolves to false, and runs nothing, when the watch is closed before. */
  async #after(ms: number, then: () => void): Promise<boolean> {
    try {
      await this.#input.clock.sleep(ms, { signal: this.#closed.signal });
    } catch (error) {
      if (this.#closed.signal.aborted) return false;
      throw error;
    }
    then();
    return true;
  }

  async #sendInitial(items: readonly SimObject[], end: readonly Buffer[]): Promise<void> {
    const { frames, resource, stream, view } = this.#input;
    this.#behind = [];
    const first = this.#first;
    if (items.length > 0) this.#first = false;
    await stream.sendAll(
      (function* lines(): Generator<Buffer> {
        for (const [index, item] of items.entries()) yield frames.initial(resource, item, view, first && index === 0);
        yield* end;
      })(),
    );
    const behind = this.#behind;
    this.#behind = undefined;
    for (const line of behind) stream.send(line);
    if (this.#ending) this.end();
  }

  /** What this watch is told of an event; undefined: nothing. */
  #seen(event: ClusterEvent): SeenEvent | undefined {
    const { filter } = this.#input;
    const before = event.previous !== undefined && filter.matches(event.previous);
    const after = event.type !== "DELETED" && filter.matches(event.object);
    if (after) return { type: before ? "MODIFIED" : "ADDED", of: "object" };
    if (before) return { type: "DELETED", of: event.type === "DELETED" ? "object" : "left" };
    return undefined;
  }

  #bookmark(): void {
    const { clock, frames, reader, resource, view } = this.#input;
    // A watch from the future has nothing to promise yet.
    if (compare(reader.version, this.#from) < 0) return;
    this.#unswap(this.#swap);
    this.#lane.put(frames.bookmark(resource, reader.version, view, false), clock.monotonic());
  }

  #unswap(swap: { readonly line: Buffer; readonly due: number } | undefined): void {
    if (swap === undefined || this.#swap !== swap) return;
    this.#swap = undefined;
    this.#lane.put(swap.line, swap.due);
  }
}

function compare(a: string, b: string): number {
  return compareResourceVersions(a as ResourceVersion, b as ResourceVersion);
}
