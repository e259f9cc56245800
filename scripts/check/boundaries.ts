// The rules between the packages, held against the manifests and against what the sources import.
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What each package may depend on at run time. No other edges; nothing depends on cli. */
export const EDGES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  kubernetes: ["core"],
  "redis-store": ["core"],
  "keyv-store": ["core"],
  metrics: ["core"],
  protocol: [],
  apimachinery: ["core"],
  client: ["protocol"],
  page: ["protocol", "client", "apimachinery"],
  server: ["core", "protocol", "apimachinery", "page"],
  testkit: ["core", "apimachinery"],
  cli: [
    "core",
    "kubernetes",
    "redis-store",
    "keyv-store",
    "metrics",
    "protocol",
    "apimachinery",
    "client",
    "server",
    "testkit",
  ],
};

/** Packages that name every third-party run-time dependency here, on purpose: a short list. */
const CLOSED: Readonly<Record<string, readonly string[]>> = {
  core: ["eventemitter3"],
  protocol: [],
  client: ["eventemitter3", "@kubernetes/client-node"],
};

/** Packages whose sources are bundled with all that they import: nobody installs that with them, it is a devDependency. */
const BUNDLED: readonly string[] = ["page"];

/** Lines a source file may have: past the first a warning, past the second an error. */
export const FILE_BUDGET = { warn: 300, fail: 500 } as const;

/** What breaks a rule, and what comes close to it; each a line that names the file. */
export interface BoundaryReport {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

/** The modules that a TypeScript source names: static, dynamic and type-only imports, and re-exports. Not those in comments. */
export function importsOf(source: string): readonly string[] {
  const code = source.replace(/^\s*\/\*[^]*?\*\//gm, "").replace(/^\s*\/\/.*$/gm, "");
  const pattern =
    /^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s*)?["']([^"'\n]+)["']|\bimport\s*\(\s*["']([^"'\n]+)["']\s*\)/gm;
  return [...code.matchAll(pattern)].map((match) => (match[1] ?? match[2]) as string);
}

/** Reads every package below `root` and reports what breaks the rules. Pure but for reading files. */
export function checkBoundaries(root: string): BoundaryReport {
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const folder of readdirSync(join(root, "packages")).toSorted()) {
    if (!existsSync(join(root, "packages", folder, "package.json"))) continue;
    const edges = EDGES[folder];
    if (edges === undefined) {
      errors.push(`packages/${folder}: not in EDGES of scripts/check/boundaries.ts; say there what it may depend on`);
      continue;
    }
    const manifest = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")) as Manifest;
    errors.push(...manifestErrors(folder, edges, manifest));
    for (const file of globSync(`packages/${folder}/{src,test}/**/*.{ts,tsx}`, { cwd: root }).toSorted()) {
      const source = readFileSync(join(root, file), "utf8");
      const inSource = file.startsWith(`packages/${folder}/src/`);
      errors.push(...importErrors(folder, file, inSource, edges, manifest, source));
      if (!inSource) continue;
      errors.push(...styleErrors(folder, file, source));
      const lines = source.split("\n").length - 1;
      if (lines > FILE_BUDGET.fail)
        errors.push(`${file}: ${lines} lines, more than ${FILE_BUDGET.fail}; it holds two things`);
      else if (lines > FILE_BUDGET.warn) warnings.push(`${file}: ${lines} lines, more than ${FILE_BUDGET.warn}`);
    }
  }
  return { errors, warnings };
}

function manifestErrors(folder: string, edges: readonly string[], manifest: Manifest): readonly string[] {
  const where = `packages/${folder}/package.json`;
  const errors: string[] = [];
  if (manifest.name !== `@krm/${folder}`) errors.push(`${where}: named ${manifest.name}, must be @krm/${folder}`);
  const runtime = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const name of Object.keys(runtime)) {
    const own = krmPackage(name);
    if (own !== undefined && !edges.includes(own)) errors.push(`${where}: @krm/${folder} may not depend on ${name}`);
    const closed = CLOSED[folder];
    if (own === undefined && closed !== undefined && !closed.includes(name))
      errors.push(`${where}: @krm/${folder} may not depend on ${name}`);
  }
  if (folder !== "cli" && manifest.devDependencies?.["@krm/cli"] !== undefined)
    errors.push(`${where}: nothing may depend on @krm/cli`);
  return errors;
}

function importErrors(
  folder: string,
  file: string,
  inSource: boolean,
  edges: readonly string[],
  manifest: Manifest,
  source: string,
): readonly string[] {
  const errors: string[] = [];
  const depth = file.split("/").length - 3;
  for (const specifier of importsOf(source)) {
    if (specifier.startsWith(".") && specifier.split("/").filter((part) => part === "..").length > depth)
      errors.push(`${file}: imports ${specifier}, which leaves the package; import it by its name`);
    const own = krmPackage(specifier);
    if (own === undefined || own === folder) continue;
    if (own === "cli") errors.push(`${file}: imports ${specifier}; nothing may import @krm/cli`);
    else if (inSource && !edges.includes(own)) errors.push(`${file}: imports ${specifier}; @krm/${folder} may not`);
    else if (
      inSource &&
      (BUNDLED.includes(folder) ? manifest.devDependencies : manifest.dependencies)?.[`@krm/${own}`] === undefined
    )
      errors.push(`${file}: imports ${specifier}, which is not in its package's dependencies`);
  }
  return errors;
}

function styleErrors(folder: string, file: string, source: string): readonly string[] {
  const errors: string[] = [];
  if (/^\s*export\s+\*/m.test(source)) errors.push(`${file}: has \`export *\`; name what it exports`);
  if (/(?:^|[/-])(?:utils?|helpers?)(?:[./-]|$)/.test(file)) errors.push(`${file}: name the file after its concept`);
  const environment = /\bprocess\s*(?:\.\s*env\b|\[\s*["']env["']\s*\])|\benv\b[^;]*\bfrom\s+["'](?:node:)?process["']/;
  if (folder !== "cli" && environment.test(source.replace(/^\s*(?:\*|\/\/|\/\*).*$/gm, "")))
    errors.push(`${file}: reads environment variables; only packages/cli may`);
  return errors;
}

function krmPackage(specifier: string): string | undefined {
  return /^@krm\/([^/]+)/.exec(specifier)?.[1];
}
