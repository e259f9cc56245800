// Everything but the tests: each check a line with its time, all of them run, what failed told at the end.
// `npm run check -- lint types` runs those alone.
import { fileURLToPath } from "node:url";
import { checkBoundaries } from "./check/boundaries.ts";
import { checkChangesets } from "./check/changesets.ts";
import { capture } from "./run/processes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const command =
  (name, ...args) =>
  async () => {
    const { code, output } = await capture(name, args, { cwd: root, shell: process.platform === "win32" });
    return { ok: code === 0, output };
  };
const both = (first, second) => async () => {
  const [a, b] = [await first(), await second()];
  return { ok: a.ok && b.ok, output: a.output + b.output };
};
const report = ({ errors, warnings }) => ({
  ok: errors.length === 0,
  output: [...errors, ...warnings.map((text) => `warning: ${text}`)].map((line) => `${line}\n`).join(""),
});

const checks = {
  lint: command("oxlint", "--type-aware", "--deny-warnings"),
  format: command("oxfmt", "--check", "."),
  types: both(command("tsc", "-p", "."), command("tsc", "-p", "packages/page")),
  api: command("node", "scripts/api-docs/api-docs.mjs", "--check"),
  boundaries: () => report(checkBoundaries(root)),
  build: command("turbo", "run", "build", "--output-logs=errors-only", "--continue=dependencies-successful"),
  packages: command("node", "scripts/check-packages.mjs"),
  size: command("size-limit"),
  knip: command("knip", "--no-progress"),
  changesets: () => report(checkChangesets(root)),
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in checks));
if (unknown !== undefined) {
  process.stderr.write(`no check is called ${unknown}: there are ${Object.keys(checks).join(", ")}\n`);
  process.exit(2);
}

const failed = [];
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = performance.now();
  const { ok, output } = await check();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`[check] ${name.padEnd(10)} ${ok ? "ok    " : "FAILED"} ${seconds.padStart(5)} s\n`);
  if (!ok || name === "boundaries") process.stdout.write(output.replace(/^(?=.)/gm, "    "));
  if (!ok) failed.push(name);
}
process.exitCode = failed.length === 0 ? 0 : 1;
process.stdout.write(
  failed.length === 0
    ? "[check] all passed\n"
    : `[check] failed: ${failed.join(", ")}; one alone: npm run check -- ${failed[0]}\n`,
);
