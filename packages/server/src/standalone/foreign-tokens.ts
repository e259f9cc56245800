import { KrmError } from "@krm/core";
import type { ServerOptions } from "./create-server.ts";
import { isLoopback } from "./listen-address.ts";

/**
 * Refuses to send reads on with tokens that are none for the API server, and for whoever comes along: what is sent on
 * bears the reader's token.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT`
 */
export function refuseForeignTokens({ auth, listen, upstream }: ServerOptions): void {
  if (upstream === undefined) return;
  switch (auth?.type) {
    case "static":
      throw refused(
        "the tokens of the file are KRM's own, and would be told to the API server",
        "Use --auth tokenreview, or leave the authentication out on a loopback address.",
      );
    case "tokenreview":
      if ((auth.audiences ?? []).length === 0) return;
      throw refused(
        `tokens for ${auth.audiences?.join(", ")} are none for the API server, which would refuse them`,
        "Use --auth tokenreview without an audience: then a token is one for the API server.",
      );
    case "none":
      if (isLoopback(listen.host)) return;
      throw refused(
        "without authentication everyone who reaches this address could reach the API server",
        "Use --auth tokenreview, or listen on 127.0.0.1.",
      );
    case "custom":
    case undefined:
  }
}

function refused(why: string, hint: string): KrmError {
  return new KrmError("KRM_INVALID_ARGUMENT", `reads cannot be sent on to the API server: ${why}`, { hint });
}
