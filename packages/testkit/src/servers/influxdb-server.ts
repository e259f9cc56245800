import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { httpCall, type Login } from "./http-call.ts";
import { serverFolder } from "./server-process.ts";
import { launchTimeSeriesServer, RunningTimeSeriesServer, type TimeSeriesServer } from "./time-series-server.ts";

/** What {@link startInfluxDb} can be told. */
export interface InfluxDbOptions {
  /** The program, of InfluxDB 1. Default: `influxd` on PATH. */
  readonly binary?: string | undefined;
  /** Every request must be a user's; this one is there from the start, and may do everything. Default: none is needed. */
  readonly auth?: Login | undefined;
  /** A request with a longer body is refused with 413. Default: 25 MB, as InfluxDB has it. */
  readonly maxBodyBytes?: number | undefined;
}

/** How {@link InfluxDbServer.query} asks. */
export interface InfluxDbQuery {
  readonly db?: string | undefined;
  /**
   * Times are numbers of this unit (u: microseconds). Default: they are texts, in UTC and to the nanosecond, which no
   * number of JavaScript tells.
   */
  readonly epoch?: "u" | "ms" | "s" | "m" | "h" | undefined;
}

/** One series of an answer, as InfluxDB puts it. Integers beyond 2^53 come rounded. */
export interface InfluxDbSeries {
  /** Absent in some answers, as of `SHOW USERS`. */
  readonly name?: string;
  /** Of `GROUP BY`. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  /** Absent where a series has none, as `SHOW DATABASES` tells it of a server without any. */
  readonly values?: readonly (readonly (string | number | boolean | null)[])[];
}

/** An InfluxDB 1 of its own on 127.0.0.1. What it has acknowledged is there after `kill` and `restart`. */
export interface InfluxDbServer extends TimeSeriesServer {
  /**
   * Runs statements of InfluxQL, as the administrator where there is one. Resolves to the series of all of them, one
   * after the other; throws the first error that any of them ends with, and after thirty seconds without an answer.
   */
  query(influxql: string, options?: InfluxDbQuery): Promise<readonly InfluxDbSeries[]>;
}

/**
 * Starts an InfluxDB 1 with a folder and a configuration of its own, on free ports of 127.0.0.1. Nothing of the machine's
 * own one is read or touched. It reports to nobody and keeps no statistics of itself; there is no database yet. It takes
 * some tens of milliseconds, with a login a tenth of a second.
 *
 * @throws KrmError `KRM_NOT_READY` with what the server said, when it does not start.
 *
 * @example
 * await using influx = await startInfluxDb();
 * await influx.query("CREATE DATABASE krm");
 * await fetch(`${influx.url}/write?db=krm`, { method: "POST", body: "pods,phase=Running count=3i" });
 * await influx.query("SELECT * FROM pods", { db: "krm", epoch: "ms" });
 */
export async function startInfluxDb(options: InfluxDbOptions = {}): Promise<InfluxDbServer> {
  const server = await launchTimeSeriesServer((port) => RunningInfluxDb.create(options, port));
  const { auth } = options;
  if (auth === undefined) return server;
  try {
    const [user, password] = [escaped(auth.user, '"'), escaped(auth.password, "'")];
    await server.query(`CREATE USER ${user} WITH PASSWORD ${password} WITH ALL PRIVILEGES`);
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

class RunningInfluxDb extends RunningTimeSeriesServer implements InfluxDbServer {
  readonly #login: Login | undefined;

  private constructor(options: InfluxDbOptions, port: number, folder: string) {
    // The last line of its start: all services are open, and SIGTERM is heard.
    const ready = /Listening for signals/;
    super(port, folder, {
      command: options.binary ?? "influxd",
      args: ["run", "-config", join(folder, "influxdb.conf")],
      ready,
    });
    this.#login = options.auth;
  }

  static async create(options: InfluxDbOptions, port: number): Promise<RunningInfluxDb> {
    const folder = await serverFolder("influxdb");
    const server = new RunningInfluxDb(options, port, folder);
    const lines = configuration(options, folder, { http: port, rpc: await freePort() });
    await writeFile(join(folder, "influxdb.conf"), `${lines.join("\n")}\n`, { mode: 0o600 });
    return server;
  }

  async query(influxql: string, { db, epoch }: InfluxDbQuery = {}): Promise<readonly InfluxDbSeries[]> {
    const form = { q: influxql, ...(db !== undefined && { db }), ...(epoch !== undefined && { epoch }) };
    const { status, text } = await httpCall({ port: this.port, path: "/query", form, login: this.#login });
    const answer = parsed(text);
    const results = answer.results ?? [];
    const error = answer.error ?? results.find((result) => result.error !== undefined)?.error;
    if (error !== undefined || status !== 200) throw new Error(`${influxql}: ${error ?? `${status} ${text}`}`);
    return results.flatMap(({ series = [] }) => series);
  }
}

interface QueryAnswer {
  readonly error?: string;
  readonly results?: readonly { readonly error?: string; readonly series?: readonly InfluxDbSeries[] }[];
}

function parsed(text: string): QueryAnswer {
  try {
    return JSON.parse(text) as QueryAnswer;
  } catch {
    return {};
  }
}

function configuration(
  { auth, maxBodyBytes }: InfluxDbOptions,
  folder: string,
  ports: { readonly http: number; readonly rpc: number },
): readonly string[] {
  const place = (name: string): string => JSON.stringify(join(folder, name));
  const http = [
    `bind-address = "127.0.0.1:${ports.http}"`,
    `auth-enabled = ${auth !== undefined}`,
    "log-enabled = false",
    ...(maxBodyBytes === undefined ? [] : [`max-body-size = ${maxBodyBytes}`]),
  ];
  return [
    "reporting-disabled = true",
    `bind-address = "127.0.0.1:${ports.rpc}"`,
    "[meta]",
    `dir = ${place("meta")}`,
    "[data]",
    `dir = ${place("data")}`,
    `wal-dir = ${place("wal")}`,
    // Each write is on disk before it is acknowledged.
    'wal-fsync-delay = "0s"',
    "query-log-enabled = false",
    "[monitor]",
    "store-enabled = false",
    "[http]",
    ...http,
  ];
}

/** A name or a text as InfluxQL quotes it. */
function escaped(text: string, quote: '"' | "'"): string {
  const inner = text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`).replaceAll("\n", "\\n");
  return quote + inner + quote;
}
