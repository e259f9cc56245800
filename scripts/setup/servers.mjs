// The real servers of the tests, promtool, and a Python with Kubernetes' client: those of this machine, else installed where that can be done.
import {
  findInfluxDb,
  findPostgres,
  findChromium,
  findPromtool,
  findPythonClient,
  findRedisServer,
  findVictoriaMetrics,
} from "../../packages/testkit/src/servers/find-servers.ts";
import { Stopped } from "../run/processes.mjs";
import { aptInstall, canInstall } from "./apt.mjs";

const SERVERS = [
  { variable: "KRM_TEST_REDIS_SERVER", debian: "redis-server", find: findRedisServer },
  { variable: "KRM_TEST_POSTGRES_BIN", debian: "postgresql", find: findPostgres },
  { variable: "KRM_TEST_INFLUXD", debian: "influxdb", find: findInfluxDb },
  { variable: "KRM_TEST_VICTORIA_METRICS", debian: "victoria-metrics", find: findVictoriaMetrics },
  // Debian has no smaller package with promtool.
  { variable: "KRM_TEST_PROMTOOL", debian: "prometheus", find: findPromtool },
  { variable: "KRM_TEST_CHROMIUM", debian: "chromium", find: findChromium },
  { variable: "KRM_TEST_PYTHON", debian: "python3-kubernetes", find: findPythonClient },
];

/**
 * Resolves the servers that tests use: those that the variables name, where set, else those of this machine, else those
 * of its distribution. `env` has the variables of those that are there; `reasons` say in a line each why one is not.
 */
export async function realServers(env, say) {
  const missing = SERVERS.filter(({ variable, find }) => !env[variable] && find(env).path === undefined);
  const packages = missing.map(({ debian }) => debian);
  if (packages.length > 0 && canInstall()) {
    say(`installing ${packages.join(", ")} with apt-get; no service is started`);
    const started = performance.now();
    try {
      await aptInstall(packages);
      say(`installed after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    } catch (error) {
      if (error instanceof Stopped) throw error;
      say(error.message);
    }
  }
  const found = SERVERS.map(({ variable, find }) => ({ variable, ...find(env) }));
  return {
    env: Object.fromEntries(found.flatMap(({ variable, path }) => (path ? [[variable, path]] : []))),
    reasons: found.flatMap(({ reason }) => reason ?? []),
  };
}
