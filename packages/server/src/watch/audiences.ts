import type { ObjectTerm } from "@krm/core";
import type { Wanted } from "../selection/selection.ts";
import type { Frames } from "./frames.ts";
import { InterestIndex } from "./interest-index.ts";
import { type Shape, shapeId } from "./shape.ts";
import { type RingEvent, seenBy, type SeenEvent } from "./watch-event.ts";

/** Events of one turn that are handed over together at most: what is more goes out in parts. */
const TOLD_AT_ONCE = 256;

/** Which events a watch is about. */
export interface Interest {
  /** The same text: the same interest. */
  readonly id: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** Undefined: every object of the namespace. */
  readonly wanted: Wanted | undefined;
  /** What holds for every object that is wanted, as far as it can be looked up. */
  readonly where: readonly ObjectTerm[];
}

/** One watch among those who are told the same. */
export interface Listener {
  /** It has not been told an event yet. */
  readonly isFresh: boolean;
  /** Several frames in one piece, the very same for all listeners of a channel. */
  hear(block: Buffer): void;
  /** What it was to hear cannot be told. Must leave, and must not throw. */
  fail(error: unknown): void;
}

/** Those who are told the same events in the same shape. */
interface Channel {
  readonly shape: Shape;
  readonly listeners: Set<Listener>;
  pending: { readonly event: RingEvent; readonly seen: SeenEvent }[];
}

interface Audience {
  readonly interest: Interest;
  readonly channels: Map<string, Channel>;
}

/** Those who watch the same namespace. */
interface Neighbours {
  readonly byInterest: Map<string, Audience>;
  readonly index: InterestIndex<Audience>;
}

/**
 * All watches of one view that have heard everything up to now, by what they are about: an event is held once against each
 * interest that it can be of, and framed once, however many listen.
 */
export class Audiences {
  readonly #frames: Frames;
  /** By namespace; `""`: all. */
  readonly #byNamespace = new Map<string, Neighbours>();
  readonly #dirty = new Set<Channel>();
  #told = 0;
  #willFlush = false;

  constructor(frames: Frames) {
    this.#frames = frames;
  }

  /** From now on the listener hears all that is told. What was told before must have been flushed. Returns how to leave. */
  join(interest: Interest, shape: Shape, listener: Listener): () => void {
    const channel = this.#channel(interest, shape);
    channel.listeners.add(listener);
    return () => {
      channel.listeners.delete(listener);
      if (channel.listeners.size === 0) this.#forget(interest, shape, channel);
    };
  }

  /** Tells an event, which is in the log by now; it is heard with what else comes in this turn of the event loop. */
  tell(event: RingEvent): void {
    this.#tell(this.#byNamespace.get(""), event);
    const { namespace } = event.object;
    if (namespace !== "") this.#tell(this.#byNamespace.get(namespace), event);
    if (++this.#told >= TOLD_AT_ONCE) this.flush();
    if (this.#dirty.size === 0 || this.#willFlush) return;
    this.#willFlush = true;
    setImmediate(() => {
      this.#willFlush = false;
      this.flush();
    });
  }

  #tell(neighbours: Neighbours | undefined, event: RingEvent): void {
    if (neighbours === undefined) return;
    const { object, previous } = event;
    const states = previous === undefined || previous === object ? [object] : [object, previous];
    for (const { interest, channels } of neighbours.index.of(states)) {
      let seen: SeenEvent | undefined;
      try {
        seen = seenBy(interest.wanted, event);
      } catch (error) {
        for (const { listeners } of channels.values()) for (const listener of listeners) listener.fail(error);
        continue;
      }
      if (seen === undefined) continue;
      for (const channel of channels.values()) {
        channel.pending.push({ event, seen });
        this.#dirty.add(channel);
      }
    }
  }

  /** Hands over what was told since the last time: one piece for each listener. */
  flush(): void {
    this.#told = 0;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const channel of dirty) {
      const { pending } = channel;
      channel.pending = [];
      this.#handOver(channel, pending);
    }
  }

  /** Forgets what was told and not handed over. */
  discard(): void {
    for (const channel of this.#dirty) channel.pending = [];
    this.#dirty.clear();
  }

  #handOver({ listeners, shape }: Channel, pending: Channel["pending"]): void {
    const isTable = shape.type === "table";
    const block = (first: boolean): Buffer => {
      const frames = pending.map(({ event, seen }, i) => this.#frames.event(event, seen, shape, first && i === 0));
      const [only] = frames;
      return frames.length === 1 && only !== undefined ? only : Buffer.concat(frames);
    };
    let known: Buffer | undefined;
    let fresh: Buffer | undefined;
    for (const listener of listeners) {
      try {
        if (isTable && listener.isFresh) listener.hear((fresh ??= block(true)));
        else listener.hear((known ??= block(false)));
      } catch (error) {
        // It has missed something; the others have not.
        listener.fail(error);
      }
    }
  }

  #channel(interest: Interest, shape: Shape): Channel {
    const namespace = interest.namespace ?? "";
    const neighbours = this.#byNamespace.get(namespace) ?? { byInterest: new Map(), index: new InterestIndex() };
    this.#byNamespace.set(namespace, neighbours);
    let audience = neighbours.byInterest.get(interest.id);
    if (audience === undefined) {
      audience = { interest, channels: new Map<string, Channel>() };
      neighbours.byInterest.set(interest.id, audience);
      neighbours.index.add(interest.where, audience);
    }
    const id = shapeId(shape);
    const channel = audience.channels.get(id) ?? { shape, listeners: new Set<Listener>(), pending: [] };
    audience.channels.set(id, channel);
    return channel;
  }

  #forget(interest: Interest, shape: Shape, channel: Channel): void {
    const namespace = interest.namespace ?? "";
    const neighbours = this.#byNamespace.get(namespace);
    const audience = neighbours?.byInterest.get(interest.id);
    if (neighbours === undefined || audience?.channels.get(shapeId(shape)) !== channel) return;
    this.#dirty.delete(channel);
    audience.channels.delete(shapeId(shape));
    if (audience.channels.size > 0) return;
    neighbours.byInterest.delete(interest.id);
    // Under the terms that it was added with.
    neighbours.index.delete(audience.interest.where, audience);
    if (neighbours.byInterest.size === 0) this.#byNamespace.delete(namespace);
  }
}
