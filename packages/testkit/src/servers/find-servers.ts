import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The environment variables that say where servers are: usually `process.env`. */
export type ServerEnvironment = Readonly<Record<string, string | undefined>>;

/** Where a program is, or in one line why there is none and how to get it. */
export type FoundServer =
  | { readonly path: string; readonly reason?: undefined }
  | { readonly path?: undefined; readonly reason: string };

const LEAST_REDIS = 7;

/**
 * Finds a `redis-server` of 7.0 or newer, or a `valkey-server`: the one that `KRM_TEST_REDIS_SERVER` names, and no other
 * where that is set; else the one on PATH. It has been run, to ask for its version.
 */
export function findRedisServer(env: ServerEnvironment): FoundServer {
  const own = env["KRM_TEST_REDIS_SERVER"];
  const how =
    "install Redis 7.0 or newer (apt-get install redis-server, brew install redis), or name one by KRM_TEST_REDIS_SERVER";
  const candidates = own ? [own] : ["redis-server", "valkey-server"].flatMap((name) => onPath(env, name));
  let old: string | undefined;
  for (const path of candidates) {
    const version = /\bv=(\d+)\.\S*/.exec(outputOf(path) ?? "");
    if (version !== null && Number(version[1]) >= LEAST_REDIS) return { path };
    if (version !== null) old ??= `${path} is too old (${version[0]}): ${how}`;
  }
  if (own) return { reason: old ?? `KRM_TEST_REDIS_SERVER=${own} does not run: name a redis-server, or unset it` };
  return { reason: old ?? `no redis-server: ${how}` };
}

/**
 * Finds the folder that holds PostgreSQL's `initdb` and `postgres`: the one that `KRM_TEST_POSTGRES_BIN` names, and no
 * other where that is set; else the newest that distributions keep beside PATH; else the one on PATH. Both have been run,
 * to ask for their versions, which are the same.
 */
export function findPostgres(env: ServerEnvironment): FoundServer {
  const own = env["KRM_TEST_POSTGRES_BIN"];
  const candidates = own
    ? [own]
    : [...besidePath(), ...onPath(env, "postgres").map((path) => join(realpathSync(path), ".."))];
  const path = candidates.find((folder) => {
    const [initdb, postgres] = ["initdb", "postgres"].map(
      (name) => /\(PostgreSQL\) (\S+)/.exec(outputOf(join(folder, name)) ?? "")?.[1],
    );
    return postgres !== undefined && postgres === initdb;
  });
  if (path !== undefined) return { path };
  if (own) {
    return {
      reason: `KRM_TEST_POSTGRES_BIN=${own} holds no initdb and postgres that run: name a folder with both, or unset it`,
    };
  }
  return {
    reason:
      "no PostgreSQL server: install it (apt-get install postgresql, brew install postgresql), or name the folder of initdb and postgres by KRM_TEST_POSTGRES_BIN",
  };
}

/** Where Debian, Red Hat and Homebrew keep several versions beside each other, the newest first. */
function besidePath(): readonly string[] {
  const places = [
    { root: "/usr/lib/postgresql", name: /^(\d+)$/ },
    { root: "/usr", name: /^pgsql-(\d+)$/ },
    { root: "/opt/homebrew/opt", name: /^postgresql@(\d+)$/ },
    { root: "/usr/local/opt", name: /^postgresql@(\d+)$/ },
  ];
  return places.flatMap(({ root, name }) => {
    const versions = existsSync(root) ? readdirSync(root).filter((entry) => name.test(entry)) : [];
    const number = (entry: string): number => Number(name.exec(entry)?.[1]);
    return versions.toSorted((a, b) => number(b) - number(a)).map((entry) => join(root, entry, "bin"));
  });
}

/**
 * Finds an `influxd` of InfluxDB 1: the one that `KRM_TEST_INFLUXD` names, and no other where that is set; else the one on
 * PATH. It has been run, to ask for its version.
 */
export function findInfluxDb(env: ServerEnvironment): FoundServer {
  const how = "install InfluxDB 1 (apt-get install influxdb), or name its influxd by KRM_TEST_INFLUXD";
  const probe = { args: ["version"], said: /InfluxDB v?1\.\d/ };
  return findProgram(env, "KRM_TEST_INFLUXD", ["influxd"], probe, how);
}

/**
 * Finds a VictoriaMetrics of one node: the one that `KRM_TEST_VICTORIA_METRICS` names, and no other where that is set;
 * else the one on PATH. It has been run, to ask what it is: Debian's does not tell its version.
 */
export function findVictoriaMetrics(env: ServerEnvironment): FoundServer {
  const how =
    "install VictoriaMetrics (apt-get install victoria-metrics, brew install victoriametrics), or name it by KRM_TEST_VICTORIA_METRICS";
  const probe = { args: ["--help"], said: /victoria-metrics is a time series database/ };
  return findProgram(env, "KRM_TEST_VICTORIA_METRICS", ["victoria-metrics", "victoria-metrics-prod"], probe, how);
}

/**
 * Finds Prometheus' `promtool`: the one that `KRM_TEST_PROMTOOL` names, and no other where that is set; else the one on
 * PATH. It has been run, to ask for its version.
 */
export function findPromtool(env: ServerEnvironment): FoundServer {
  const how =
    "install Prometheus (apt-get install prometheus, brew install prometheus), or name it by KRM_TEST_PROMTOOL";
  const probe = { args: ["--version"], said: /promtool, version \d/ };
  return findProgram(env, "KRM_TEST_PROMTOOL", ["promtool"], probe, how);
}

/**
 * Finds Chromium, or a Chrome: the one that `KRM_TEST_CHROMIUM` names, and no other where that is set; else the one on PATH.
 * It has been run, to ask for its version.
 */
export function findChromium(env: ServerEnvironment): FoundServer {
  const how = "install Chromium (apt-get install chromium, brew install chromium), or name it by KRM_TEST_CHROMIUM";
  const probe = { args: ["--version"], said: /^(?:Chromium|Google Chrome)\b.* \d/m };
  const names = ["chromium", "chromium-browser", "google-chrome"] as const;
  return findProgram(env, "KRM_TEST_CHROMIUM", names, probe, how);
}

const IMPORTS_KUBERNETES = "import kubernetes; print('kubernetes', kubernetes.__version__)";

/**
 * Finds a Python that has Kubernetes' own client library: the one that `KRM_TEST_PYTHON` names, and no other where that is
 * set; else the first on PATH that has it, which need not be the first one. It has been run, to ask for the library's version.
 */
export function findPythonClient(env: ServerEnvironment): FoundServer {
  const own = env["KRM_TEST_PYTHON"];
  const candidates = own ? [own] : onPath(env, "python3");
  const path = candidates.find((python) => /^kubernetes \d/m.test(outputOf(python, ["-c", IMPORTS_KUBERNETES]) ?? ""));
  if (path !== undefined) return { path };
  if (own) return { reason: `KRM_TEST_PYTHON=${own} cannot import kubernetes: name a Python that can, or unset it` };
  return {
    reason:
      "no python3 on PATH has Kubernetes' client: install it (apt-get install python3-kubernetes, pip install kubernetes), or name a Python that has it by KRM_TEST_PYTHON",
  };
}

/** How to know a program: run like this, it says this. */
interface Probe {
  readonly args: readonly string[];
  readonly said: RegExp;
}

function findProgram(
  env: ServerEnvironment,
  variable: string,
  names: readonly [string, ...string[]],
  { args, said }: Probe,
  how: string,
): FoundServer {
  const own = env[variable];
  const candidates = own ? [own] : names.flatMap((name) => onPath(env, name));
  const outputs = candidates.map((path) => ({ path, output: outputOf(path, args) }));
  const found = outputs.find(({ output }) => output !== undefined && said.test(output));
  if (found !== undefined) return { path: found.path };
  const other = outputs.find(({ output }) => output !== undefined);
  if (other !== undefined) return { reason: `${other.path} is another program or version: ${how}` };
  if (own) return { reason: `${variable}=${own} does not run: name one that does, or unset it` };
  return { reason: `no ${names[0]}: ${how}` };
}

function onPath(env: ServerEnvironment, name: string): readonly string[] {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).filter((path) => existsSync(path));
}

/** What it prints, by default as its version; undefined where it does not run. */
function outputOf(program: string, args: readonly string[] = ["--version"]): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 10_000 });
  return status === 0 ? stdout + stderr : undefined;
}
