import { mkdir, writeFile } from "node:fs/promises";
import { defineConfig } from "tsup";
import { base } from "../../tsup.base.ts";
import { bundlePage } from "./src/bundle-page.ts";

export default defineConfig({
  ...base,
  async onSuccess() {
    const folder = new URL("dist/browser/", import.meta.url);
    const { html, script, style } = await bundlePage();
    await mkdir(folder, { recursive: true });
    await Promise.all([
      writeFile(new URL("index.html", folder), html),
      writeFile(new URL("page.js", folder), script),
      writeFile(new URL("page.css", folder), style),
    ]);
  },
});
