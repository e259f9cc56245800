// The oldest Node.js that the packages promise to run on, for tests that run it: out of the npm registry, as the one of today.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../run/lock.mjs";
import { npmFolder, registryNode, sparedHome, withoutNpmContext } from "../run/toolchain.mjs";

/**
 * Resolves it: `KRM_TEST_OLDEST_NODE` where set, else the one in `.toolchain`, got on first use. `{ path }`, or `{ reason }`
 * in one line.
 */
export async function oldestNode(root, say) {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const version = engines.node.replace(/^>=/, "");
  const own = process.env.KRM_TEST_OLDEST_NODE;
  if (own) {
    if (versionOf(own) === version) return { path: own };
    return { reason: `KRM_TEST_OLDEST_NODE=${own} is no Node.js ${version}: name one, or unset it` };
  }
  try {
    const { name, spec } = registryNode(version);
    const toolchain = join(root, ".toolchain");
    const folder = join(toolchain, spec);
    if (!existsSync(folder)) {
      await withLock(join(toolchain, "lock"), say, async () => {
        if (existsSync(folder)) return;
        say(`getting ${spec} from the npm registry into .toolchain`);
        await npmFolder(toolchain, spec, { ...withoutNpmContext(process.env), ...sparedHome(toolchain, say) }, true);
      });
    }
    return { path: join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node") };
  } catch (error) {
    return { reason: `no Node.js ${version} (${error.message}): name one by KRM_TEST_OLDEST_NODE` };
  }
}

function versionOf(path) {
  try {
    return execFileSync(path, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim()
      .slice(1);
  } catch {
    return undefined;
  }
}
