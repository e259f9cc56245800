import { isLoopback } from "@krm/server";
import { UsageError } from "../errors/usage-error.ts";
import type { ServerFlagOptions } from "../options/common-flags.ts";
import { formatHostPort } from "../options/listen-address.ts";
import { refuseForeignTokens } from "./foreign-tokens.ts";

/**
 * Refuses, before anything else is done, what must not be served so.
 *
 * @throws UsageError for an address that others can reach without a word about who may read, for half of a certificate,
 * for certificates of clients that could not be asked for, or would keep nobody out, and for requests sent on with tokens
 * that are none for the API server.
 */
export function refuseUnsafe(
  options: ServerFlagOptions,
  mend = "Say who may: --auth tokenreview (as the cluster decides), --auth static:FILE (tokens) or --auth none (everyone); or listen on 127.0.0.1.",
): void {
  const { listen, auth, tlsCert, tlsKey, tlsClientCa } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [given, missing] = tlsKey === undefined ? ["--tls-cert", "--tls-key"] : ["--tls-key", "--tls-cert"];
    throw new UsageError(`${given} needs ${missing}`, "Give both, or neither for plain HTTP.");
  }
  if (tlsClientCa !== undefined && tlsCert === undefined) {
    const hint = "Clients bring certificates over TLS only: add --tls-cert and --tls-key.";
    throw new UsageError("--tls-client-ca needs --tls-cert", hint);
  }
  if (tlsClientCa !== undefined && (auth === undefined || auth.type === "none")) {
    const hint =
      "Add --auth tokenreview (as the cluster decides) or --auth static:FILE (who has a token or a certificate).";
    throw new UsageError("--tls-client-ca keeps nobody out where everybody may read", hint);
  }
  refuseForeignTokens(options);
  if (auth !== undefined || isLoopback(listen.host)) return;
  throw new UsageError(
    `--listen ${formatHostPort(listen)} can be reached by others, who could then read the cluster's state`,
    mend,
  );
}
