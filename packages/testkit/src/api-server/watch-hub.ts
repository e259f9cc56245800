import type { ServerResponse } from "node:http";
import { type ListOptions, type ObjectView, StatusError, statusError } from "@krm/apimachinery";
import { type Clock, resourceId, type ResourceType } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { ClusterEvent } from "../cluster/sim-object.ts";
import type { SimResource } from "../cluster/sim-resource.ts";
import type { EventFault, FaultPlan } from "../faults/fault-plan.ts";
import { swayLeft } from "../faults/sway.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import type { ClusterReader } from "../watch-cache/cluster-reader.ts";
import { objectFilter } from "./object-filter.ts";
import type { Representer } from "./representer.ts";
import { WatchFrames } from "./watch-frames.ts";
import { WatchSession } from "./watch-session.ts";
import { WatchStream } from "./watch-stream.ts";

/** Upstream `minRequestTimeout`: a watch that names no time lasts once to twice as long. */
const MIN_TIMEOUT_MS = 1_800_000;

/** What watches are served from. */
export interface WatchHubInput {
  readonly cluster: SimCluster;
  readonly clock: Clock;
  readonly representer: Representer;
  readonly seed: number;
  /** Bytes that may wait for one reader. */
  readonly slowReaderBytes: number;
  /** The faults of this moment. */
  readonly faults: () => FaultPlan | undefined;
}

/** One watch that is asked for. */
export interface WatchRequest {
  readonly resource: SimResource;
  readonly namespace: string;
  readonly options: ListOptions;
  readonly view: ObjectView;
  /** What it tells of: the cluster, or what an API server believes of it. */
  readonly reader: ClusterReader;
  /** Initial events end with a bookmark that says so. */
  readonly marker: boolean;
}

/** What befalls every event of a watch that has fallen mute. */
const MUTE: EventFault = { drop: true, duplicate: false, reorder: false, truncate: false, delayMs: 0 };
/** A hushed watch sends a line break so often. */
const HUSH_EVERY_MS = 10_000;

/** All open watches of one API server. Each event is matched and written once for all who see the same of it. */
export class WatchHub {
  readonly #cluster: SimCluster;
  readonly #clock: Clock;
  readonly #frames: WatchFrames;
  readonly #random: SeededRandom;
  readonly #slowReaderBytes: number;
  readonly #faults: () => FaultPlan | undefined;
  readonly #sessions = new Map<string, Map<WatchSession, WatchStream>>();
  readonly #unsubscribe: (() => void)[];
  readonly #readers = new Set<ClusterReader>();
  #held = false;

  constructor({ cluster, clock, faults, representer, seed, slowReaderBytes }: WatchHubInput) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#faults = faults;
    this.#slowReaderBytes = slowReaderBytes;
    this.#frames = new WatchFrames(representer);
    this.#random = new SeededRandom(`${seed}/watch-timeouts`);
    // A restored etcd restarts the API servers before it.
    this.#unsubscribe = [cluster.subscribeRestores(() => this.destroyAll())];
  }

  /** How many watches are open now. */
  get size(): number {
    let size = 0;
    for (const sessions of this.#sessions.values()) size += sessions.size;
    return size;
  }

  /**
   * Opens a watch on a response of which nothing was sent yet. Returns undefined, or the one line that the watch is to
   * be answered with inside a 200: its version is compacted.
   *
   * @throws StatusError 400 for a field selector that the resource does not know.
   */
  open(request: WatchRequest, response: ServerResponse): Buffer | undefined {
    const { namespace, options, reader, resource } = request;
    const plan = this.#faults()?.fork("watch");
    const filter = objectFilter(resource, namespace, options);
    const stream = new WatchStream(response, this.#slowReaderBytes);
    const timeoutMs =
      options.timeoutSeconds === undefined || options.timeoutSeconds === 0
        ? MIN_TIMEOUT_MS * (1 + this.#random.next())
        : options.timeoutSeconds * 1000;
    let isMute = false;
    const nextFault = (): EventFault | undefined => (isMute ? MUTE : plan?.nextEvent());
    const session = new WatchSession({
      ...request,
      clock: this.#clock,
      frames: this.#frames,
      stream,
      filter,
      timeoutMs,
      nextFault: () => (this.#faults() === undefined ? undefined : nextFault()),
      underway: (event) =>
        this.#faults() === undefined ? 0 : swayLeft(plan?.spec.sway, event, this.#cluster.clock.truth.now()),
    });
    this.#hear(reader);
    if (this.#held) stream.hold(true);
    response.statusCode = 200;
    response.setHeader("cache-control", "no-cache, private");
    response.setHeader("content-type", "application/json");
    try {
      session.start();
    } catch (error) {
      if (error instanceof StatusError && error.status.code === 410) return this.#frames.error(error.status);
      throw error;
    }
    if (!this.#held && !response.headersSent) response.flushHeaders();
    this.#add(session, stream);
    response.on("close", () => session.close());
    void session.run();
    if (plan !== undefined) this.#disturb(session, stream, plan, () => (isMute = true));
    return undefined;
  }

  /** Holds back all that is sent to watches, present and to come, or lets it go. */
  hold(held: boolean): void {
    this.#held = held;
    for (const sessions of this.#sessions.values()) for (const stream of sessions.values()) stream.hold(held);
  }

  /** Ends all watches, or all of one resource, as a server does that shuts down in order. */
  endAll(resource?: Pick<ResourceType, "group" | "version" | "resource">): void {
    for (const [id, sessions] of this.#sessions) {
      if (resource !== undefined && id !== resourceId(resource)) continue;
      for (const session of sessions.keys()) session.end();
    }
  }

  /** Cuts the connections of all watches. */
  destroyAll(): void {
    for (const sessions of this.#sessions.values()) for (const stream of sessions.values()) stream.destroy();
  }

  /** Cuts all connections and hears no more of the cluster. */
  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.destroyAll();
  }

  #add(session: WatchSession, stream: WatchStream): void {
    const id = resourceId(session.resource);
    const sessions = this.#sessions.get(id) ?? new Map<WatchSession, WatchStream>();
    this.#sessions.set(id, sessions);
    sessions.set(session, stream);
    session.signal.addEventListener("abort", () => sessions.delete(session), { once: true });
  }

  /** Before a watch starts on it: no event comes between its start and its place among the sessions. */
  #hear(reader: ClusterReader): void {
    if (this.#readers.has(reader)) return;
    this.#readers.add(reader);
    this.#unsubscribe.push(reader.subscribe((event) => this.#deliver(reader, event)));
  }

  #deliver(reader: ClusterReader, event: ClusterEvent): void {
    for (const session of this.#sessions.get(resourceId(event.resource))?.keys() ?? []) {
      if (session.reader === reader) session.deliver(event);
    }
  }

  /** What befalls the connection as a whole. */
  #disturb(session: WatchSession, stream: WatchStream, plan: FaultPlan, mute: () => void): void {
    this.#later(session, plan.disconnectAfterMs(), () => stream.destroy());
    this.#later(session, plan.stallAfterMs(), () => stream.silence());
    this.#later(session, plan.muteAfterMs(), mute);
    const stir = (): void => {
      stream.hush();
      this.#later(session, HUSH_EVERY_MS, stir);
    };
    this.#later(session, plan.hushAfterMs(), stir);
  }

  #later(session: WatchSession, ms: number | undefined, then: () => void): void {
    if (ms === undefined) return;
    const act = (): void => {
      if (this.#faults() !== undefined) then();
    };
    this.#clock.sleep(ms, { signal: session.signal }).then(act, () => {});
  }
}

/** What a fault makes the API server say. */
export function faultError(status: number, retryAfterSeconds: number | undefined): StatusError {
  const retry = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  switch (status) {
    case 410:
      return statusError({ code: 410, reason: "Expired", message: "too old resource version: a fault was injected" });
    case 429:
      return statusError({
        code: 429,
        reason: "TooManyRequests",
        message: "Too many requests, please try again later.",
        ...retry,
      });
    default:
      return statusError({
        code: status,
        reason: "InternalError",
        message: "Internal error occurred: a fault was injected",
        ...retry,
      });
  }
}
