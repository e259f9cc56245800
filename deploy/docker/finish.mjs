// Makes what `pnpm deploy` gave fit for an image: takes out what no `krm` ever reads, and adds the command itself.
//   node deploy/docker/finish.mjs FOLDER
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(join(folder, "dist/bin.js"))) {
  process.stderr.write("finish.mjs takes the folder into which `pnpm --filter @krm/cli --prod deploy` wrote\n");
  process.exit(2);
}

/** Types, source maps and papers. Licences stay, and the manifests that tell scanners what there is. */
const UNREAD = /\.(?:[cm]?ts|map|md|markdown)$/i;
/** Of packages with native parts: their sources, and what other runtimes than Node.js load. Node.js brings SQLite. */
const UNUSED = [/\/better-sqlite3\/(?:deps|src)$/, /\/bare-[a-z]+\/prebuilds$/];

function takeOut(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    const path = join(at, entry.name);
    if (entry.isDirectory()) {
      if (UNUSED.some((pattern) => pattern.test(path))) rmSync(path, { recursive: true });
      else takeOut(path);
    } else if (entry.isFile() && UNREAD.test(entry.name) && !/^(?:licen[cs]e|notice)/i.test(entry.name)) rmSync(path);
  }
}

takeOut(folder);
// When and how pnpm installed it: of no use here, and never twice the same.
for (const name of [".modules.yaml", ".pnpm-workspace-state-v1.json"])
  rmSync(join(folder, "node_modules", name), { force: true });
copyFileSync("LICENSE", join(folder, "LICENSE"));
// No shell and no `env` are needed to run it.
const bin = join(folder, "bin");
mkdirSync(bin);
writeFileSync(join(bin, "krm"), '#!/usr/local/bin/node\nimport "../dist/bin.js";\n');
chmodSync(join(bin, "krm"), 0o755);
