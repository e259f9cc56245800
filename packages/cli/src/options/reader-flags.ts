import { DEFAULT_PORT } from "@krm/protocol";
import type { CommonOptions } from "./common-flags.ts";
import { Flag, flag } from "./flag.ts";
import { parseServerUrl } from "./server-url.ts";

/** What a command that reads from a KRM server takes. */
export interface ReaderOptions extends CommonOptions {
  readonly server: string;
  readonly tokenFile?: string;
  readonly allowInsecureToken?: boolean;
}

/** `--server`, `--token-file`, `--allow-insecure-token` */
export function readerFlags(): readonly Flag[] {
  return [
    flag("--server <URL>", "the KRM server", { parse: parseServerUrl, default: `http://127.0.0.1:${DEFAULT_PORT}` }),
    flag("--token-file <FILE>", "a file with the token that the server asks for"),
    new Flag(
      "--allow-insecure-token",
      "send it over plain HTTP to another machine too, where anyone on the way can read it",
    ),
  ];
}
