// The image of the Dockerfile, as anybody would build it, on base images of our own.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../run/must.mjs";
import { baseImage, has } from "./base-images.mjs";
import { buildContext } from "./build-context.ts";

function sourceDigest(root) {
  const hash = createHash("sha256").update(baseImage("base"));
  for (const path of buildContext(root))
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update("\n");
  return hash.digest("hex").slice(0, 16);
}

/**
 * Builds it unless what it is made of has not changed since it was built last. Gives its name; with
 * `-next` behind it, the same image has another, for rolling updates.
 */
export async function krmImage(root, env, say) {
  const digest = sourceDigest(root);
  const tag = `localhost/krm-e2e/krm:${digest}`;
  if (await has(tag, env)) return tag;
  say(`building ${tag} from the Dockerfile`);
  const started = performance.now();
  const bases = ["build", "base"].map((name) => `--build-arg=${name.toUpperCase()}_IMAGE=${baseImage(name)}`);
  const { version } = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8"));
  const said = [`--build-arg=VERSION=${version}`, `--build-arg=REVISION=${digest}`];
  // To keep each step as a layer takes longer than to do it again.
  const how = ["--quiet", "--layers=false", "--network=host", "--isolation=chroot"];
  await must("buildah", ["bud", ...how, ...bases, ...said, `--tag=${tag}`, root], { env });
  await must("podman", ["tag", tag, `${tag}-next`], { env });
  await forgetOthers(tag, env);
  say(`built after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return tag;
}

/** Images of earlier sources. */
async function forgetOthers(tag, env) {
  const names = await must("podman", ["images", "--format={{.Repository}}:{{.Tag}}", "localhost/krm-e2e/krm"], { env });
  for (const name of names.split("\n"))
    if (name !== "" && !name.startsWith(tag)) await must("podman", ["rmi", name], { env });
  await must("podman", ["image", "prune", "--force"], { env });
}
