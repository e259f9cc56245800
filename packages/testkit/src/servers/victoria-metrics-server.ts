import { join } from "node:path";
import { KrmError } from "@krm/core";
import { httpCall, type Login } from "./http-call.ts";
import { serverFolder } from "./server-process.ts";
import { launchTimeSeriesServer, RunningTimeSeriesServer, type TimeSeriesServer } from "./time-series-server.ts";
import { waitUntil } from "./wait-until.ts";

const LISTEN_MS = 10_000;
/** The last second that can be asked for, in 2200: samples cannot be later than two days from now. */
const LAST = "7258118400";

/** What {@link startVictoriaMetrics} can be told. */
export interface VictoriaMetricsOptions {
  /** The program. Default: `victoria-metrics` on PATH. */
  readonly binary?: string | undefined;
  /** Every request must be this one's. Default: none is needed. */
  readonly auth?: Login | undefined;
  /** Flags, which replace its own but for where it listens and keeps its files: name without the hyphen to value. */
  readonly flags?: Readonly<Record<string, string>> | undefined;
}

/** From `start` to `end`, both included, in seconds since 1970; every `step` seconds. */
export interface PromRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** A series at one time, as the HTTP API of Prometheus puts it: seconds, and the number as text. */
export interface PromSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A series over a range, as the HTTP API of Prometheus puts it. */
export interface PromSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** All samples of a series, as they were written, in order of time. */
export interface ExportedSeries {
  readonly metric: Readonly<Record<string, string>>;
  /** `null` is NaN. */
  readonly values: readonly (number | null)[];
  /** Milliseconds since 1970, one for each value. */
  readonly timestamps: readonly number[];
}

/**
 * A VictoriaMetrics of its own on 127.0.0.1. Each helper sees what was acknowledged before; other readers do so after
 * about a second. What `query` leaves out, as a sample older than five minutes, `export` has.
 *
 * What it has acknowledged is in memory for some ten seconds before it is on disk: `kill` loses it, as a crash does, but
 * for what `persist` came after.
 */
export interface VictoriaMetricsServer extends TimeSeriesServer {
  /** Evaluates at a time in seconds since 1970. Default: now. Throws what the server says. */
  query(promql: string, time?: number): Promise<readonly PromSample[]>;
  /** Evaluates at each step of a range. Throws what the server says. */
  queryRange(promql: string, range: PromRange): Promise<readonly PromSeries[]>;
  /**
   * Everything that it has of the series that this selector matches, of all times: `{__name__=~"krm_.+"}`. Throws where
   * one of the samples is infinite: what VictoriaMetrics 1.79 writes for those is no JSON.
   */
  export(match: string): Promise<readonly ExportedSeries[]>;
  /** Once it resolves, everything that was acknowledged before is on disk, and outlives `kill`. */
  persist(): Promise<void>;
}

/**
 * Starts a VictoriaMetrics (one node) with a folder of its own, on a free port of 127.0.0.1. Nothing of the machine's own
 * one is read or touched. It keeps samples for a hundred years back, and drops those that are more than two days ahead of
 * the machine's clock. It takes some tens of milliseconds.
 *
 * @throws KrmError `KRM_NOT_READY` with what the server said, when it does not start.
 *
 * @example
 * await using victoria = await startVictoriaMetrics();
 * await fetch(`${victoria.url}/api/v1/import/prometheus`, { method: "POST", body: "pods 3\n" });
 * await victoria.query("pods");
 */
export function startVictoriaMetrics(options: VictoriaMetricsOptions = {}): Promise<VictoriaMetricsServer> {
  return launchTimeSeriesServer((port) => RunningVictoriaMetrics.create(options, port));
}

class RunningVictoriaMetrics extends RunningTimeSeriesServer implements VictoriaMetricsServer {
  readonly #data: string;
  readonly #login: Login | undefined;

  private constructor({ binary, auth, flags }: VictoriaMetricsOptions, port: number, folder: string) {
    const data = join(folder, "data");
    const all = {
      retentionPeriod: "100y",
      // Answers are computed anew each time: samples of the past may come at any time.
      "search.disableCache": "true",
      "search.latencyOffset": "0s",
      "memory.allowedBytes": "256MiB",
      ...(auth !== undefined && { "httpAuth.username": auth.user, "httpAuth.password": auth.password }),
      ...flags,
      httpListenAddr: `127.0.0.1:${port}`,
      storageDataPath: data,
    };
    super(port, folder, {
      command: binary ?? "victoria-metrics",
      args: Object.entries(all).map(([name, value]) => `-${name}=${value}`),
      ready: /starting http server at/i,
    });
    this.#data = data;
    this.#login = auth;
  }

  static async create(options: VictoriaMetricsOptions, port: number): Promise<RunningVictoriaMetrics> {
    return new RunningVictoriaMetrics(options, port, await serverFolder("victoria-metrics"));
  }

  /** Its last line comes before it listens; where the port is taken, someone else answers. */
  override async restart(): Promise<void> {
    await super.restart();
    const answer = await waitUntil(`victoria-metrics on port ${this.port}`, LISTEN_MS, () =>
      this.#call("/flags").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") throw error;
        return String(error);
      }),
    );
    if (!answer.includes(this.#data)) throw new KrmError("KRM_LISTEN", `${this.url}: address already in use`);
  }

  async query(promql: string, time = Date.now() / 1000): Promise<readonly PromSample[]> {
    return (await this.#evaluate("/api/v1/query", { query: promql, time: String(time) })) as readonly PromSample[];
  }

  async queryRange(promql: string, { start, end, step }: PromRange): Promise<readonly PromSeries[]> {
    const form = { query: promql, start: String(start), end: String(end), step: String(step) };
    return (await this.#evaluate("/api/v1/query_range", form)) as readonly PromSeries[];
  }

  async export(match: string): Promise<readonly ExportedSeries[]> {
    await this.#flush();
    const text = await this.#call("/api/v1/export", { "match[]": match, start: "0", end: LAST });
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as ExportedSeries);
  }

  /** By way of a snapshot: nothing else makes it write its memory to disk. */
  async persist(): Promise<void> {
    const { snapshot } = JSON.parse(await this.#call("/snapshot/create")) as { snapshot: string };
    await this.#call("/snapshot/delete", { snapshot });
  }

  async #evaluate(path: string, form: Readonly<Record<string, string>>): Promise<unknown> {
    await this.#flush();
    // Else it takes a time of less than a second ago for one a second ago, whatever the flags say.
    const text = await this.#call(path, { ...form, nocache: "1" });
    return (JSON.parse(text) as { data: { result: unknown } }).data.result;
  }

  async #flush(): Promise<void> {
    await this.#call("/internal/force_flush");
  }

  async #call(path: string, form: Readonly<Record<string, string>> = {}): Promise<string> {
    const { status, text } = await httpCall({ port: this.port, path, form, login: this.#login });
    if (status !== 200) throw new Error(`${path}: ${status} ${text.trim()}`);
    return text;
  }
}
