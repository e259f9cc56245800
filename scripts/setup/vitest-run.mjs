// Runs vitest and counts what came of it, also of tests that a name filter or a missing program left out.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runForwarding } from "../run/processes.mjs";

/**
 * Runs `vitest run` with these arguments, through `wrap` where another command is to start it (`onChild` gets its
 * process); `say` is told what is odd. Prints what was skipped, and at last the line `N passed, N failed[, N skipped]`. Gives the exit code.
 */
export async function vitestRun(root, args, { env, say, wrap = [], onChild }) {
  const folder = mkdtempSync(join(tmpdir(), "krm-test-"));
  const file = join(folder, "summary.json");
  const reporters = ["--reporter=default", `--reporter=${join(root, "scripts/setup/summary-reporter.mjs")}`];
  let end;
  let summary;
  try {
    const [command, ...rest] = [...wrap, "vitest", "run", ...reporters, ...args];
    end = await runForwarding(command, rest, {
      cwd: root,
      env: { ...env, KRM_TEST_SUMMARY: file },
      shell: process.platform === "win32",
      onChild,
    });
    summary = JSON.parse(readFileSync(file, "utf8"));
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
  if (!byWish)
    for (const { file: of, name, note } of skipped) say(`skipped: ${of} > ${name}${note ? ` (${note})` : ""}`);
  process.stdout.write(
    `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}\n`,
  );
  return failed === 0 && passed > 0 && end?.code === 0 ? 0 : 1;
}
