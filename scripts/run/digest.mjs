// What an installation depends on, as one short text: it changes when node_modules must be made anew.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const sha256 = (parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
};

/** The folders that pnpm-workspace.yaml's `packages:` names: literal paths, or `folder/*`. */
function workspaceFolders(root) {
  const text = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  const patterns = /^packages:\n((?:\s+-.*\n?)*)/m.exec(text)?.[1].match(/[^\s"'-][^\s"']*/g) ?? [];
  return patterns
    .flatMap((pattern) => {
      if (!pattern.endsWith("/*")) return [pattern];
      const parent = pattern.slice(0, -2);
      if (!existsSync(join(root, parent))) return [];
      return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
    })
    .sort();
}

/**
 * The digest of root (the versions in `salt`, every manifest, the workspace file, the lockfile). `all` is the whole;
 * `withManifests(earlier)` combines the lockfile of this digest with the manifests of an earlier one.
 */
export function installDigest(root, salt) {
  const manifests = ["package.json", "pnpm-workspace.yaml"];
  for (const folder of workspaceFolders(root)) manifests.push(`${folder}/package.json`);
  const read = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file)) : "");
  const manifestsDigest = sha256([...salt, ...manifests.flatMap((file) => [file, read(file)])]);
  const lock = sha256([read("pnpm-lock.yaml")]);
  return {
    all: `${manifestsDigest}.${lock}`,
    manifests: manifestsDigest,
    withManifests: (earlier) => `${earlier.manifests}.${lock}`,
  };
}
