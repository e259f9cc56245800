import { cp } from "node:fs/promises";
import { defineConfig } from "tsup";
import { base } from "../../tsup.base.ts";

export default defineConfig({
  ...base,
  // Scripts are read at run time.
  onSuccess: () => cp("src/scripts", "dist/scripts", { recursive: true, filter: (path) => !path.endsWith(".ts") }),
});
