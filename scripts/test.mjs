// Sets up what the tests need, runs them, and ends with the line `N passed, N failed[, N skipped]`.
// Arguments go to vitest: `npm test -- packages/core`.
import { fileURLToPath } from "node:url";
import { exitAs, Stopped } from "./run/processes.mjs";
import { helm, kubectl } from "./setup/kubernetes-tools.mjs";
import { runtimes } from "./setup/runtimes.mjs";
import { realServers } from "./setup/servers.mjs";
import { vitestRun } from "./setup/vitest-run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const say = (text) => process.stdout.write(`[test] ${text}\n`);
const args = process.argv.slice(2);
const env = { ...process.env };

/** The system set-up of the tests: each entry says in one line what it could not get, and its tests then skip by name. */
for (const [variable, found] of [
  ["KRM_TEST_KUBECTL", kubectl(root, say)],
  ["KRM_TEST_HELM", helm(root, say)],
]) {
  if (found.path) env[variable] = found.path;
  else say(found.reason);
}
try {
  for (const found of [await runtimes(root, say), await realServers(env, say)]) {
    Object.assign(env, found.env);
    for (const reason of found.reasons) say(reason);
  }
} catch (error) {
  if (!(error instanceof Stopped)) throw error;
  exitAs(error);
}

process.exitCode = await vitestRun(root, args, { env, say });
