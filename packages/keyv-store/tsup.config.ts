import { defineConfig } from "tsup";
import { base } from "../../tsup.base.ts";

// `node:sqlite` exists by this name only.
export default defineConfig({ ...base, removeNodeProtocol: false });
