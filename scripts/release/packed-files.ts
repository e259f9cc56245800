// What may be in a package that is published, and what must be.

/** A manifest as it is in the package: `pnpm pack` has put `publishConfig` into it, and versions for `workspace:`. */
export interface PackedManifest {
  readonly bin?: Readonly<Record<string, string>>;
  readonly main?: string;
  readonly types?: string;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Beside `dist`, which is built. */
const PAPERS = ["package.json", "README.md", "LICENSE"];
/** Of `dist`: JavaScript, types, their maps, the scripts that Redis runs, and the page. */
const BUILT = /^dist\/[\w./-]+\.(?:js|d\.ts|js\.map|d\.ts\.map|lua|css|html)$/;

/** What is wrong with a package: files that do not belong there, or that are missing. Pure; empty: nothing. */
export function judgePackedFiles(files: readonly string[], manifest: PackedManifest): readonly string[] {
  const strange = files.filter((file) => !PAPERS.includes(file) && (!BUILT.test(file) || /\btest\b/.test(file)));
  const wanted = [...PAPERS, ...targets(manifest)];
  const missing = wanted.filter((file) => !files.includes(file));
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = manifest;
  const unbound = Object.entries({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    .filter(([, range]) => /^(?:workspace|link|file):/.test(range))
    .map(([name, range]) => `depends on ${name} as ${range}, which is only known here`);
  const source = JSON.stringify(manifest.exports ?? {}).includes("krm-source")
    ? ["exports its source (krm-source), which is not in it"]
    : [];
  return [
    ...strange.map((file) => `has ${file}, which is not for users: see "files" in its package.json`),
    ...missing.map((file) => `lacks ${file}`),
    ...unbound,
    ...source,
  ];
}

/** The files that a manifest leads to. */
function targets({ bin = {}, main, types, exports = {} }: PackedManifest): readonly string[] {
  const found = [...Object.values(bin), main, types, ...texts(exports)].filter((path) => path !== undefined);
  return [...new Set(found.map((path) => path.replace(/^\.\//, "")))].filter((path) => !path.includes("*"));
}

function texts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}
