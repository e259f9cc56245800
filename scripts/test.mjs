// Sets up what the tests need, runs them, and ends with the line `N passed, N failed[, N skipped]`.
// Arguments go to vitest: `npm test -- packages/core`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exitAs, runForwarding, Stopped } from "./run/processes.mjs";
import { helm, kubectl } from "./setup/kubernetes-tools.mjs";
import { realServers } from "./setup/servers.mjs";

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
  const servers = await realServers(env, say);
  Object.assign(env, servers.env);
  for (const reason of servers.reasons) say(reason);
} catch (error) {
  if (!(error instanceof Stopped)) throw error;
  exitAs(error);
}

const folder = mkdtempSync(join(tmpdir(), "krm-test-"));
env.KRM_TEST_SUMMARY = join(folder, "summary.json");
const reporters = ["--reporter=default", `--reporter=${join(root, "scripts/setup/summary-reporter.mjs")}`];
let end;
let summary;
try {
  end = await runForwarding("vitest", ["run", ...reporters, ...args], {
    cwd: root,
    env,
    shell: process.platform === "win32",
  });
  summary = JSON.parse(readFileSync(env.KRM_TEST_SUMMARY, "utf8"));
} catch (error) {
  say(`vitest ended without a result: ${error.message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const { passed = 0, skipped = [], unhandled = 0 } = summary ?? {};
let failed = summary?.failed ?? 1;
if (failed === 0 && unhandled > 0) {
  say(`${unhandled} errors outside any test: see above`);
  failed = unhandled;
}
if (failed === 0 && passed === 0) say("no test ran: is the path right?");
else if (failed === 0 && end?.code !== 0) say(`vitest ended with ${end?.code ?? end?.signal} though no test failed`);

// A name filter leaves out tests by wish: naming those would only bury the others.
const byWish = args.some((arg) => /^(-t|--testNamePattern)/.test(arg));
if (!byWish) for (const { file, name, note } of skipped) say(`skipped: ${file} > ${name}${note ? ` (${note})` : ""}`);
process.exitCode = failed === 0 && passed > 0 && end?.code === 0 ? 0 : 1;
process.stdout.write(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}\n`);
