import {
  type CallOptions,
  decodeObject,
  type ListPage,
  type ListWatch,
  type MergeInput,
  parseResourceVersion,
  PODS,
  type Revision,
  type StoredObject,
  Streamer,
  type StreamerReport,
  type WatchEvent,
  type WatchRequest,
} from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { afterEach } from "vitest";
import { settle } from "./support.ts";

/** One watch that a test plays the server of. */
export class ScriptedWatch implements AsyncIterable<readonly WatchEvent[]> {
  readonly request: WatchRequest;
  closed = false;
  #waiting: (readonly WatchEvent[])[] = [];
  #ended: { readonly error: unknown } | undefined;
  #arrived = Promise.withResolvers<void>();
  readonly #signal: AbortSignal;

  constructor(request: WatchRequest, signal: AbortSignal) {
    this.request = request;
    this.#signal = signal;
    const close = (): void => {
      this.closed = true;
      this.#arrived.resolve();
    };
    signal.addEventListener("abort", close, { once: true });
  }

  /** What arrives together. Nothing: bytes without an event. */
  put(...batch: readonly WatchEvent[]): void {
    this.#waiting.push(batch);
    this.#arrived.resolve();
  }

  /** Ends it: in good order, or by an error. */
  end(error?: unknown): void {
    this.#ended = { error };
    this.#arrived.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<readonly WatchEvent[]> {
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        const batch = this.#waiting.shift();
        if (batch !== undefined) yield batch;
        else if (this.#ended === undefined) {
          await this.#arrived.promise;
          this.#arrived = Promise.withResolvers<void>();
        } else if (this.#ended.error === undefined) return;
        else throw this.#ended.error;
      }
    } finally {
      this.closed = true;
    }
  }
}

const encoder = new TextEncoder();

/** A pod at a version; the uid goes with the name. */
export function podAt(name: string, version: number | string, uid = `uid-${name}`): StoredObject {
  const metadata = { name, namespace: "n", uid, resourceVersion: String(version) };
  return decodeObject(encoder.encode(JSON.stringify({ metadata })));
}

/** An event of a pod. */
export function event(type: "ADDED" | "MODIFIED" | "DELETED", name: string, version: number | string): WatchEvent {
  return { type, object: podAt(name, version) };
}

/** A bookmark; `end`: the one that ends the initial events. */
export function bookmark(version: number | string, end = false): WatchEvent {
  return { type: "BOOKMARK", resourceVersion: parseResourceVersion(String(version)), initialEventsEnd: end };
}

/** What a scripted stream is made of. */
export interface ScriptedOptions {
  /** Where it goes on; left out: it begins with a list. */
  readonly from?: string;
  /** What happens to a watch before it is accepted: throw to refuse it, wait to hold it up. */
  readonly onWatch?: (request: WatchRequest, count: number) => void | Promise<void>;
  readonly onList?: () => ListPage | Promise<ListPage>;
  readonly known?: readonly Revision[];
  /** The server ends each watch when it was asked to. */
  readonly endsInTime?: boolean;
  /** @default 0: a watch is asked to last for 300 s */
  readonly random?: number;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A Streamer on a manual clock, whose server the test plays; it is stopped after the test. */
export class ScriptedStream {
  readonly clock = new ManualClock();
  readonly watches: ScriptedWatch[] = [];
  readonly inputs: MergeInput[] = [];
  /** `name labels` → value or sum. */
  readonly measured = new Map<string, number>();
  readonly logged: string[] = [];
  readonly streamer: Streamer;
  asked = 0;
  lists = 0;

  constructor({ from, onWatch, onList, known = [], endsInTime = false, random = 0 }: ScriptedOptions = {}) {
    const log =
      (level: string) =>
      (_: object, message: string): void =>
        void this.logged.push(`${level}: ${message}`);
    const measure = (name: string, labels: object, value: number): void =>
      void this.measured.set([name, ...Object.values(labels)].join(" "), value);
    const held = new Map(known.map((revision) => [revision.key, revision]));
    const watch = async (request: WatchRequest, options: CallOptions = {}): Promise<ScriptedWatch> => {
      this.asked++;
      await onWatch?.(request, this.asked);
      const opened = new ScriptedWatch(request, options.signal ?? new AbortController().signal);
      this.watches.push(opened);
      const end = (): void => opened.end();
      if (endsInTime) void this.clock.sleep(request.timeoutSeconds * 1000, options).then(end, end);
      return opened;
    };
    const list = async (): Promise<ListPage> => {
      this.lists++;
      if (onList !== undefined) return onList();
      return { resourceVersion: "100", items: [], continue: undefined, remainingItemCount: undefined, bytes: 0 };
    };
    const listWatch: ListWatch = { scope: { resource: PODS }, watch, list, get: async () => undefined };
    this.streamer = new Streamer({
      listWatch,
      clock: this.clock,
      logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
      random: () => random,
      listSlot: async (_signal, work) => work(),
      pageSize: 500,
      pollEveryMs: 30_000,
      telemetry: {
        add: (name, labels, by = 1) =>
          measure(name, labels, (this.measured.get([name, ...Object.values(labels)].join(" ")) ?? 0) + by),
        set: measure,
        observe: measure,
      },
      sink: {
        offer: (inputs) => {
          this.inputs.push(...inputs);
          return true;
        },
        caughtUp: async () => {},
        known: (key) => held.get(key),
        look: async () => ({ epoch: 0, horizon: undefined }),
      },
      ...(from === undefined ? {} : { start: { epoch: 0, position: parseResourceVersion(from) } }),
      onReport: () => {},
    });
    const stop = new AbortController();
    const done = this.streamer.run(stop.signal);
    stops.push(async () => {
      stop.abort();
      await done;
    });
  }

  get report(): StreamerReport {
    return this.streamer.report;
  }

  get open(): readonly ScriptedWatch[] {
    return this.watches.filter(({ closed }) => !closed);
  }

  /** Names and versions of what was told as events. */
  get told(): string[] {
    return this.inputs.flatMap((input) => {
      if (input.type !== "observed") return [];
      const { type, object } = input.observation;
      return [`${type} ${object.name} ${object.resourceVersion}`];
    });
  }

  /** The lists that were handed over. */
  get relisted(): Extract<MergeInput, { type: "relisted" }>[] {
    return this.inputs.filter((input) => input.type === "relisted");
  }

  /** Lets time pass, and what that set off go on. */
  async pass(seconds: number): Promise<void> {
    await settle();
    await this.clock.advance(seconds * 1000);
    await settle();
  }
}
