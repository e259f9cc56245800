import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";
import { base } from "../../tsup.base.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A folder with a program in one file, `entry` as JavaScript with what it imports of this repository. */
export interface Bundle extends Disposable {
  readonly file: string;
}

/**
 * Builds a program of this folder as packages are built for publishing, but with all of `@krm` in it. It lies within the
 * repository, so that it finds client-node there.
 */
export async function bundle(name: string, format: "esm" | "iife" = "esm"): Promise<Bundle> {
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "krm-platforms-"));
  await build({
    ...base,
    config: false,
    silent: true,
    sourcemap: false,
    entry: [join(root, "test", "platforms", `${name}.ts`)],
    outDir: folder,
    format: [format],
    ...(format === "iife" && { platform: "browser" }),
    outExtension: () => ({ js: ".js" }),
    noExternal: [/^@krm\//],
    external: [/^@kubernetes\//],
    esbuildOptions: (options) => {
      options.conditions = ["krm-source"];
    },
  });
  return {
    file: join(folder, `${name}.js`),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
