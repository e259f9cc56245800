// Publishes the packages to npm: packed as they are, looked at, with provenance where it runs in CI. What is there already
// is left. Needs a build, and npm 11.5.1 or newer.
//   npm run release:packages [-- --dry-run]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture } from "./run/processes.mjs";
import { fileOfTgz } from "./setup/archive.mjs";
import { judgePackedFiles } from "./release/packed-files.ts";
import { dryRun, must, publish, publishedPackages, Refused, release, say, sources } from "./release/release.mjs";
import { isAtLeast, npmTag, publishingOrder } from "./release/versions.ts";

/** The first that a trusted publisher is known by. */
const LEAST_NPM = "11.5.1";

/** A dry run asks no registry: nothing answers there. */
const NOWHERE = ["--dry-run", "--json", "--registry=http://127.0.0.1:9/", "--fetch-retries=0"];

await release(async () => {
  const npm = await must("npm", ["--version"]);
  if (!isAtLeast(npm, LEAST_NPM))
    throw new Refused(`npm ${npm} knows no trusted publisher: use ${LEAST_NPM} or newer, which comes with Node.js 24`);
  const packages = publishingOrder(
    publishedPackages().map(({ folder, manifest }) => ({
      folder,
      name: manifest.name,
      version: manifest.version,
      repository: manifest.repository,
      needs: Object.keys(manifest.dependencies ?? {}),
    })),
  );
  for (const each of packages) sources(each);
  const out = mkdtempSync(join(tmpdir(), "krm-publish-"));
  try {
    const packed = [];
    // All are looked at before the first is published.
    for (const each of packages)
      packed.push({ ...each, tarball: await pack(each, join(out, each.name.split("/")[1])) });
    for (const { name, version, tarball } of packed) {
      if (!dryRun && (await isPublished(name, version))) say(`${name} ${version} is there already`);
      else await publish("npm", [...publishing(tarball, version), ...(process.env.CI ? ["--provenance"] : [])]);
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

/** What npm is asked to publish, and how. */
function publishing(tarball, version) {
  const tag = npmTag(version);
  return ["publish", tarball, "--access=public", ...(tag === undefined ? [] : [`--tag=${tag}`])];
}

/** Packs as pnpm does, and has npm say what it would publish. */
async function pack({ folder, name, version }, out) {
  await must("pnpm", ["pack", "--pack-destination", out], folder);
  const tarball = join(out, readdirSync(out)[0]);
  const manifest = JSON.parse(fileOfTgz(readFileSync(tarball), "package/package.json").toString("utf8"));
  const output = await must("npm", [...publishing(tarball, version), ...NOWHERE], out);
  const told = JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
  const { files, size } = told[name] ?? told;
  const wrong = judgePackedFiles(
    files.map(({ path }) => path),
    manifest,
  );
  if (wrong.length > 0) throw new Refused(`${name} ${wrong.join(`\n${name} `)}`);
  say(`${name} ${manifest.version}: ${files.length} files, ${Math.ceil(size / 1024)} KiB`);
  return tarball;
}

async function isPublished(name, version) {
  const { code, output } = await capture("npm", ["view", `${name}@${version}`, "version"], {});
  return code === 0 && output.includes(version);
}
