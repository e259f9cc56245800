import { type Clock, type Logger, silentLogger, systemClock } from "@krm/core";
import { followFiles } from "../standalone/followed-files.ts";
import type { Authenticator } from "./authenticator.ts";
import { parseTokenList } from "./token-list.ts";

/** An authenticator whose tokens stand in a file. */
export interface StaticTokens extends Authenticator, AsyncDisposable {}

/**
 * Lets in who has a token out of a file: one `token` or `token,user` a line. The file is read again within five seconds
 * of a change; a content that is not understood, or a missing file, leaves the tokens before in force. Dispose it to stop
 * looking at the file.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` when the file cannot be read or understood at the start.
 * @example
 * await using auth = await staticTokens("/etc/krm/tokens");
 * await app.register(krmPlugin, { store, auth });
 */
export async function staticTokens(
  file: string,
  options: { readonly clock?: Clock | undefined; readonly logger?: Logger | undefined } = {},
): Promise<StaticTokens> {
  const tokens = await followFiles({
    files: [file],
    understand: ([text = ""]) => parseTokenList(text, file),
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
  });
  const stop = new AbortController();
  const following = tokens.follow(stop.signal);
  return {
    authenticate: async (token) => tokens.current.find(token),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
    },
  };
}
