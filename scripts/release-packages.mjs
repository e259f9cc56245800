// Publishes the packages to npm: packed as they are, looked at, with provenance where it runs in CI. What is there already
// is left. Needs a build.
//   npm run release:packages [-- --dry-run]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture } from "./run/processes.mjs";
import { fileOfTgz } from "./setup/archive.mjs";
import { judgePackedFiles } from "./release/packed-files.ts";
import { dryRun, must, publish, publishedPackages, Refused, release, say } from "./release/release.mjs";
import { publishingOrder } from "./release/versions.ts";

/** A dry run asks no registry: nothing answers there. */
const NOWHERE = ["--dry-run", "--json", "--registry=http://127.0.0.1:9/", "--fetch-retries=0"];

await release(async () => {
  const packages = publishingOrder(
    publishedPackages().map(({ folder, manifest }) => ({
      folder,
      name: manifest.name,
      version: manifest.version,
      repository: manifest.repository.url,
      needs: Object.keys(manifest.dependencies ?? {}),
    })),
  );
  const undecided = packages.find(({ repository }) => /\.invalid\//.test(repository));
  if (undecided !== undefined && !dryRun)
    throw new Refused(
      `"repository" in the package.json of ${undecided.name} is ${undecided.repository}: set it to where the sources are, in all packages; npm holds the provenance against it`,
    );
  const out = mkdtempSync(join(tmpdir(), "krm-publish-"));
  try {
    const packed = [];
    // All are looked at before the first is published.
    for (const each of packages)
      packed.push({ ...each, tarball: await pack(each, join(out, each.name.split("/")[1])) });
    for (const { name, version, tarball } of packed) {
      if (!dryRun && (await isPublished(name, version))) say(`${name} ${version} is there already`);
      else await publish("npm", ["publish", tarball, "--access=public", ...(process.env.CI ? ["--provenance"] : [])]);
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

/** Packs as pnpm does, and has npm say what it would publish. */
async function pack({ folder, name }, out) {
  await must("pnpm", ["pack", "--pack-destination", out], folder);
  const tarball = join(out, readdirSync(out)[0]);
  const manifest = JSON.parse(fileOfTgz(readFileSync(tarball), "package/package.json").toString("utf8"));
  const output = await must("npm", ["publish", tarball, ...NOWHERE], out);
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
