import type { Options } from "tsup";

/** What every package's tsup.config.ts starts from. Declarations come from `tsc`: tsup's own need an older compiler API. */
export const base: Options = {
  entry: ["src/index.ts"],
  format: ["esm"],
  target: "node22",
  sourcemap: true,
  clean: true,
};
