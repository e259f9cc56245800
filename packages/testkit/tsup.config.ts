import { defineConfig } from "tsup";
import { base } from "../../tsup.base.ts";

export default defineConfig({
  ...base,
  entry: {
    index: "src/index.ts",
    "servers/index": "src/servers/index.ts",
    "store-conformance/index": "src/store-conformance/index.ts",
  },
});
