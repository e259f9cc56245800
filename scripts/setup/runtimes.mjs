// What the client runs on besides the Node.js of today, for tests that run it: the oldest Node.js that the packages promise,
// Deno and Bun. Out of the npm registry, on first use: nobody who only installs KRM's packages gets them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../run/lock.mjs";
import { npmFolder, registryNode, sparedHome, withoutNpmContext } from "../run/toolchain.mjs";

const DENO = "deno@2.9.6";
const BUN = "bun@1.4.5";

/**
 * Resolves them, each under the variable that its tests read: what the variable names where it is set, else the one in
 * `.toolchain`. `env` has those that are there; `reasons` say in a line each why one is not.
 */
export async function runtimes(root, say) {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const oldest = engines.node.replace(/^>=/, "");
  const found = [];
  for (const [variable, find] of [
    ["KRM_TEST_OLDEST_NODE", () => node(root, oldest, say)],
    ["KRM_TEST_DENO", () => fromPackages(root, DENO, ["deno", "deno.exe"], say)],
    ["KRM_TEST_BUN", () => fromPackages(root, BUN, ["bin/bun", "bin/bun.exe"], say)],
  ])
    found.push({ variable, ...(await got(variable, find)) });
  return {
    env: Object.fromEntries(found.flatMap(({ variable, path }) => (path ? [[variable, path]] : []))),
    reasons: found.flatMap(({ reason }) => reason ?? []),
  };
}

async function got(variable, find) {
  const own = process.env[variable];
  if (own)
    return existsSync(own) ? { path: own } : { reason: `${variable}=${own} is not there: name another, or unset it` };
  try {
    return { path: await find() };
  } catch (error) {
    return { reason: `${error.message}; or name one by ${variable}` };
  }
}

async function node(root, version, say) {
  const { name, spec } = registryNode(version);
  const folder = await kept(root, spec, true, say);
  return join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
}

/** The program in the package for this platform that comes with an npm package: no install script has to run. */
async function fromPackages(root, spec, programs, say) {
  const modules = join(await kept(root, spec, false, say), "node_modules");
  const [name] = spec.split("@");
  const { optionalDependencies } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  const paths = Object.keys(optionalDependencies).flatMap((each) => programs.map((file) => join(modules, each, file)));
  const path = paths.find((each) => existsSync(each));
  if (path === undefined) throw new Error(`${spec} has no program for ${process.platform}-${process.arch}`);
  return path;
}

/** A package of the registry in `.toolchain`, with what it brings. */
async function kept(root, spec, isNode, say) {
  const toolchain = join(root, ".toolchain");
  const folder = join(toolchain, spec);
  if (existsSync(folder)) return folder;
  await withLock(join(toolchain, "lock"), say, async () => {
    if (existsSync(folder)) return;
    say(`getting ${spec} from the npm registry into .toolchain`);
    await npmFolder(toolchain, spec, { ...withoutNpmContext(process.env), ...sparedHome(toolchain, say) }, isNode);
  });
  return folder;
}
