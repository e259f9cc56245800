// Makes pages of what the packages export, into docs/api: `npm run docs:api`. With `--check` nothing is written. Either
// way every export must say what it is: one that does not is an error.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";

const root = fileURLToPath(new URL("../..", import.meta.url));
const only = process.argv.includes("--check");

const manifests = globSync("packages/*/package.json", { cwd: root })
  .toSorted()
  .map((file) => ({ folder: join(root, file, ".."), ...JSON.parse(readFileSync(join(root, file), "utf8")) }));
/** The sources of everything that packages export to those who use them. */
const entryPoints = manifests.flatMap(({ exports = {}, folder }) =>
  Object.values(exports).flatMap((entry) => (entry["krm-source"] ? join(folder, entry["krm-source"]) : [])),
);

const app = await Application.bootstrap({
  name: "KRM",
  entryPoints,
  tsconfig: fileURLToPath(new URL("tsconfig.json", import.meta.url)),
  out: join(root, "docs", "api"),
  readme: join(root, "README.md"),
  // The repository's own compiler checks types.
  skipErrorChecking: true,
  githubPages: false,
  disableSources: true,
  excludeExternals: true,
  excludePrivate: true,
  logLevel: only ? "Warn" : "Info",
  highlightLanguages: ["typescript", "javascript", "sh", "json", "mermaid"],
  validation: { notExported: false, invalidLink: true, rewrittenLink: false, invalidPath: false },
});
const project = await app.convert();
if (project === undefined) process.exit(1);
app.validate(project);
for (const module of project.children ?? [])
  for (const one of module.children ?? [])
    if (!isDocumented(one)) app.logger.error(`${module.name}: ${one.name} is exported and does not say what it is`);
if (!only) await app.generateOutputs(project);
process.exitCode = app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0;

/** Whether an export has a comment of its own. What is exported again has it where it is from. */
function isDocumented(one) {
  const signatures = [...(one.signatures ?? []), ...(one.type?.declaration?.signatures ?? [])];
  return one.isReference() || one.hasComment() || signatures.some((signature) => signature.hasComment());
}
