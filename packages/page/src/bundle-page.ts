import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { BuiltPage } from "./page-files.ts";

/** Oldest browsers that the page is made for: of 2023. */
const TARGET = ["chrome114", "firefox115", "safari16.4"];

/** Makes the page out of its sources, other packages' among them: some 100 ms. @throws an error that lists what is wrong */
export async function bundlePage(): Promise<BuiltPage> {
  const folder = new URL("browser/", import.meta.url);
  const manifest = createRequire(import.meta.url).resolve("preact/package.json");
  // What others wrote, and is in it, may be passed on with these words.
  const license = await readFile(new URL("LICENSE", pathToFileURL(manifest)), "utf8");
  const bundling = build({
    entryPoints: [new URL("main.tsx", folder), new URL("look/page.css", folder)].map((url) => fileURLToPath(url)),
    outdir: "out",
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: TARGET,
    conditions: ["krm-source"],
    // Named by modules of which nothing is used here: what is left of them is looked for below.
    external: ["node:*", "@kubernetes/client-node"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    banner: { js: `/* Preact:\n${license.trim()}\n*/` },
    logLevel: "silent",
  });
  const [{ outputFiles }, html] = await Promise.all([bundling, readFile(new URL("index.html", folder), "utf8")]);
  const contents = (ending: string): Uint8Array => {
    const file = outputFiles.find(({ path }) => path.endsWith(ending));
    if (file === undefined) throw new Error(`the page was made without its page${ending}`);
    return file.contents;
  };
  if (/\bfrom ?"node:|\bimport ?"/u.test(new TextDecoder().decode(contents(".js"))))
    throw new Error("the page would import a module that no browser has");
  return { html, script: contents(".js"), style: contents(".css") };
}
