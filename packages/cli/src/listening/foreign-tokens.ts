import { isLoopback } from "@krm/server";
import { UsageError } from "../errors/usage-error.ts";
import type { ServerFlagOptions } from "../options/common-flags.ts";
import { formatHostPort } from "../options/listen-address.ts";

/**
 * Refuses `--forward-uncached` where the readers' tokens are none for the API server.
 *
 * @throws UsageError
 */
export function refuseForeignTokens({ listen, auth, forwardUncached }: ServerFlagOptions): void {
  if (forwardUncached !== true) return;
  const flag = "--forward-uncached";
  if (auth?.type === "static") {
    throw new UsageError(
      `${flag} does not go with --auth static: it sends readers' tokens on to the API server, and those of the file are KRM's own`,
      "Use --auth tokenreview, or leave --auth out on a loopback address.",
    );
  }
  if (auth?.type === "tokenreview" && auth.audiences.length > 0) {
    throw new UsageError(
      `${flag} does not go with --auth tokenreview:${auth.audiences.join(",")}: tokens of that audience are none for the API server`,
      "Use --auth tokenreview: then a token is one for the API server.",
    );
  }
  if (auth?.type === "none" && !isLoopback(listen.host)) {
    throw new UsageError(
      `${flag} does not go with --auth none on ${formatHostPort(listen)}: everyone who reaches it could reach the API server`,
      "Use --auth tokenreview, or listen on 127.0.0.1.",
    );
  }
}
