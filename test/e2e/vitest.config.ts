import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = { conditions: ["krm-source"] };

/** `npm run e2e`: each file is a deployment of its own, one after another, and its tests are steps that build on each other. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  resolve: source,
  ssr: { resolve: source },
  test: {
    include: ["test/e2e/*.e2e.ts"],
    fileParallelism: false,
    // What comes after a step that failed would only fail too.
    bail: 1,
    testTimeout: 420_000,
    hookTimeout: 420_000,
    teardownTimeout: 60_000,
  },
});
