import { setTimeout as sleep } from "node:timers/promises";
import type { Merger } from "./merger.ts";
import { type BenchProcess, startProcess } from "./process.ts";
import type { Reader } from "./reader.ts";
import { type Counters, type Execution, type RedisServer, startRedisServer } from "./redis-server.ts";
import type { Streamer } from "./streamer.ts";

/** What one phase has used, of each process, and what went through Redis. */
export interface Usage {
  readonly wallMs: number;
  readonly cpuMs: Readonly<Record<"streamer" | "merger" | "reader" | "redis", number>>;
  readonly redis: Omit<Counters, "cpuMs" | "datasetBytes" | "peakBytes">;
  readonly commits: number;
  /** What Redis has noted: all that took longer than a millisecond, or everything, as the phase asked. */
  readonly noted: readonly Execution[];
}

/** Streamer, merger and reader, each a process of its own, over a Redis of their own. */
export class Pipeline implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly streamer: BenchProcess<Streamer>;
  readonly merger: BenchProcess<Merger>;
  readonly reader: BenchProcess<Reader>;
  /** The size of an object as the API server sends it, in bytes. */
  readonly objectBytes: number;
  readonly #label: string;

  private constructor(
    redis: RedisServer,
    [streamer, merger, reader]: readonly [BenchProcess<Streamer>, BenchProcess<Merger>, BenchProcess<Reader>],
    objectBytes: number,
    label: string,
  ) {
    this.redis = redis;
    this.streamer = streamer;
    this.merger = merger;
    this.reader = reader;
    this.objectBytes = objectBytes;
    this.#label = label;
  }

  /** All are connected; nothing is streamed yet. */
  static async start(objects: number, bytes: number, profiles: string | undefined): Promise<Pipeline> {
    const redis = await startRedisServer();
    const streamer = await startProcess<Streamer>("streamer.ts", profiles);
    const merger = await startProcess<Merger>("merger.ts", profiles);
    const reader = await startProcess<Reader>("reader.ts", profiles);
    const objectBytes = await streamer.ask.open(redis.url, objects, bytes);
    await merger.ask.open(redis.url);
    await reader.ask.open(redis.url);
    return new Pipeline(redis, [streamer, merger, reader], objectBytes, `${objects}`);
  }

  /**
   * Measures what runs until `work` resolves with the milliseconds that count as its time.
   *
   * @param noteAll note everything that Redis executes, not only what takes longer than a millisecond
   */
  async measure(phase: string, work: () => Promise<number>, noteAll = false): Promise<Usage> {
    const { redis, streamer, merger, reader } = this;
    await redis.note(noteAll ? 0 : 1000);
    await merger.ask.commits();
    const all = [streamer, merger, reader] as const;
    await Promise.all(all.map(async ({ ask }) => ask.begin(`${this.#label}-${phase}`)));
    const before = await redis.counters();
    const wallMs = await work();
    const after = await redis.counters();
    const [streamerMs = 0, mergerMs = 0, readerMs = 0] = await Promise.all(all.map(async ({ ask }) => ask.end()));
    return {
      wallMs,
      cpuMs: { streamer: streamerMs, merger: mergerMs, reader: readerMs, redis: after.cpuMs - before.cpuMs },
      redis: {
        bytesIn: after.bytesIn - before.bytesIn,
        bytesOut: after.bytesOut - before.bytesOut,
        scripts: after.scripts - before.scripts,
        commands: after.commands - before.commands,
      },
      commits: await merger.ask.commits(),
      noted: await redis.noted(),
    };
  }

  /** The first list until a reader shows it. */
  async sync(): Promise<number> {
    const { startedAt, version } = await this.streamer.ask.stream();
    return (await this.reader.ask.shows(version)) - startedAt;
  }

  /** As fast as the pipeline takes them. */
  async burst(events: number): Promise<number> {
    const { startedAt, version } = await this.streamer.ask.burst(events);
    return (await this.reader.ask.shows(version)) - startedAt;
  }

  /** A verification that finds so many changes which the stream has missed. */
  async verify(changes: number): Promise<number> {
    const { startedAt, version } = await this.streamer.ask.verify(changes);
    return (await this.reader.ask.verified(version)) - startedAt;
  }

  /** One event every so many milliseconds. */
  async paced(events: number, everyMs: number): Promise<number> {
    const { startedAt, version } = await this.streamer.ask.paced(events, everyMs);
    return (await this.reader.ask.shows(version)) - startedAt;
  }

  /** Nothing but leases, reports and looks. */
  async idle(ms: number): Promise<number> {
    await sleep(ms);
    return ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.streamer, this.merger, this.reader].map(async (one) => one.stop()));
    await this.redis[Symbol.asyncDispose]();
  }
}
