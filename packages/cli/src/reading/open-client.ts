import { KrmClient } from "@krm/client";
import type { CommonOptions } from "../options/common-flags.ts";
import type { ReaderOptions } from "../options/reader-flags.ts";

/** A client for one command. It does not ask again: whoever sits before it sees what is wrong, and can. */
export function openClient({
  server,
  tokenFile,
  allowInsecureToken,
}: Omit<ReaderOptions, keyof CommonOptions>): KrmClient {
  return new KrmClient({
    url: server,
    retries: 0,
    allowInsecureToken,
    ...(tokenFile === undefined ? {} : { tokenFile }),
  });
}
