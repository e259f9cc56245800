// Writes deploy/manifests anew from the chart: npm run manifests
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { manifestFiles } from "../deploy/render/manifest-files.ts";
import { helm } from "./setup/kubernetes-tools.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const say = (text) => process.stdout.write(`[manifests] ${text}\n`);
const { path, reason } = helm(root, say);
if (path === undefined) {
  say(reason);
  process.exit(1);
}
const files = await manifestFiles(path, join(root, "deploy"));
const folder = join(root, "deploy", "manifests");
for (const made of ["base", "overlays"]) rmSync(join(folder, made), { recursive: true, force: true });
for (const [name, text] of files) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
say(`wrote ${files.size} files into deploy/manifests`);
