// Builds the image for amd64 and arm64 and pushes it with all its tags. Where its version is there already it is not built
// again, only the tags that follow it are set. Needs docker with buildx, logged in, and the tags of git.
//   KRM_IMAGE=REGISTRY/krm npm run release:image [-- --dry-run]
import {
  decided,
  dryRun,
  must,
  publish,
  publishedPackages,
  Refused,
  release,
  say,
  sources,
  version,
} from "./release/release.mjs";
import { capture } from "./run/processes.mjs";
import { imageTags } from "./release/versions.ts";

await release(async () => {
  const image = decided("KRM_IMAGE", "KRM_IMAGE=registry.example.com/krm");
  const revision = await must("git", ["rev-parse", "HEAD"]);
  const labels = { VERSION: version(), REVISION: revision, SOURCE: sources(publishedPackages()[0].manifest) };
  const [first, ...others] = imageTags(version(), await releasedVersions()).map((tag) => `${image}:${tag}`);
  if (!dryRun && (await isPushed(first))) {
    say(`${first} is there already`);
    if (others.length > 0)
      await publish("docker", ["buildx", "imagetools", "create", ...others.map((name) => `--tag=${name}`), first]);
    return;
  }
  await publish("docker", [
    "buildx",
    "build",
    "--platform=linux/amd64,linux/arm64",
    ...Object.entries(labels).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...[first, ...others].map((name) => `--tag=${name}`),
    "--provenance=mode=max",
    "--sbom=true",
    "--push",
    ".",
  ]);
});

/** The versions that git has tags of. */
async function releasedVersions() {
  if ((await must("git", ["rev-parse", "--is-shallow-repository"])) === "true")
    throw new Refused("this clone has not all tags, which say what is released: run git fetch --unshallow --tags");
  return (await must("git", ["tag", "--list", "v*"])).split("\n").map((tag) => tag.slice(1));
}

/** Where the registry cannot be asked, pushing will say so. */
async function isPushed(name) {
  return (await capture("docker", ["buildx", "imagetools", "inspect", name], {})).code === 0;
}
