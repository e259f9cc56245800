// The end-to-end test of the deployment: builds the image, and runs what the chart renders in real containers.
// Ends with the line `N passed, N failed[, N skipped]`. Arguments go to vitest: `npm run e2e -- -t rolling`.
//
//   KRM_E2E        `required`: where it cannot run here, it has failed; else it is skipped, and says so
//   KRM_E2E_CACHE  where images are kept between runs (default: .toolchain/e2e)
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { baseImage, makeBaseImages } from "./containers/base-images.mjs";
import { forgetCgroups } from "./containers/cgroups.mjs";
import { krmImage } from "./containers/krm-image.mjs";
import { containerSettings } from "./containers/settings.mjs";
import { apart, containerTools } from "./containers/tools.mjs";
import { withLock } from "./run/lock.mjs";
import { exitAs, Stopped } from "./run/processes.mjs";
import { helm, kubectl } from "./setup/kubernetes-tools.mjs";
import { vitestRun } from "./setup/vitest-run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const say = (text) => process.stdout.write(`[e2e] ${text}\n`);
const cache = process.env.KRM_E2E_CACHE ?? join(root, ".toolchain/e2e");

/** Programs out of npm packages; without them there is nothing to deploy, and nobody to read with. */
function programs() {
  const found = { KRM_TEST_KUBECTL: kubectl(root, say), KRM_TEST_HELM: helm(root, say) };
  const reason = Object.values(found).find((each) => each.reason !== undefined)?.reason;
  return { reason, env: Object.fromEntries(Object.entries(found).map(([name, { path }]) => [name, path])) };
}

/** Builds what is to be run; gives the names of the images as the tests read them. */
const images = async (store) =>
  withLock(join(cache, "lock"), say, async () => {
    const folder = join(cache, "settings");
    rmSync(folder, { recursive: true, force: true });
    const env = containerSettings(folder, { graphRoot: store });
    await makeBaseImages(env, say);
    return {
      KRM_E2E_IMAGE: await krmImage(root, env, say),
      KRM_E2E_REDIS_IMAGE: baseImage("redis"),
      KRM_E2E_INFLUXDB_IMAGE: baseImage("influxdb"),
    };
  });

/** `unshare` waits for its child and lets no signal through: the child gets what this process is told. */
function passOn({ pid }) {
  for (const signal of ["SIGTERM", "SIGHUP"])
    process.on(signal, () => {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      for (const child of children) if (child !== "") process.kill(Number(child), signal);
    });
}

async function main() {
  const { reason: missing, env } = programs();
  const reason = missing ?? (await containerTools(say));
  if (reason !== undefined) {
    say(`SKIPPED: the end-to-end test of the deployment (test/e2e): ${reason}`);
    process.stdout.write("0 passed, 0 failed, 1 skipped\n");
    return process.env.KRM_E2E === "required" ? 1 : 0;
  }
  const store = join(cache, "storage");
  mkdirSync(store, { recursive: true });
  Object.assign(env, await images(store));
  const parent = `krm-e2e-${process.pid}`;
  const machine = [process.execPath, join(root, "scripts/containers/machine.mjs"), store];
  try {
    return await vitestRun(root, ["--config", "test/e2e/vitest.config.ts", ...process.argv.slice(2)], {
      env: { ...process.env, ...env, KRM_E2E_CGROUP: parent },
      say,
      wrap: apart(machine),
      onChild: passOn,
    });
  } finally {
    forgetCgroups(parent);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof Stopped) exitAs(error);
  else throw error;
}
