// The command line as a function
export { run } from "./run.ts";
export type { CliIo, OutputStream } from "./io.ts";
export { EXIT } from "./exit-code.ts";
