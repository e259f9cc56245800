import type { CliIo } from "../io.ts";

/** How this `krm` is called: from a clone it runs as a script of npm's. */
export function krmCommand(env: CliIo["env"]): string {
  return env["npm_lifecycle_event"] === undefined ? "krm" : "npm run -s krm --";
}
