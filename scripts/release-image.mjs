// Builds the image for amd64 and arm64 and pushes it with all its tags. Needs docker with buildx, logged in.
//   KRM_IMAGE=REGISTRY/krm npm run release:image [-- --dry-run]
import { decided, must, publish, publishedPackages, release, version } from "./release/release.mjs";
import { imageTags } from "./release/versions.ts";

await release(async () => {
  const image = decided("KRM_IMAGE", "KRM_IMAGE=registry.example.com/krm");
  const revision = (await must("git", ["rev-parse", "HEAD"])).trim();
  const source = publishedPackages()[0].manifest.repository.url.replace(/^git\+/, "");
  const labels = { VERSION: version(), REVISION: revision, SOURCE: source };
  await publish("docker", [
    "buildx",
    "build",
    "--platform=linux/amd64,linux/arm64",
    ...Object.entries(labels).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...imageTags(version()).map((tag) => `--tag=${image}:${tag}`),
    "--provenance=mode=max",
    "--sbom=true",
    "--push",
    ".",
  ]);
});
