import type { Logger, Scope, Store } from "@krm/core";
import { httpMetrics, type ProcessMetrics } from "@krm/metrics/prometheus";
import { createServer, isLoopback, type KrmServer } from "@krm/server";
import { UsageError } from "../errors/usage-error.ts";
import type { ServerFlagOptions } from "../options/common-flags.ts";
import { formatHostPort } from "../options/listen-address.ts";
import { listenHint } from "./listen-hint.ts";

/** A server that answers readers until it is disposed. */
export interface Serving extends AsyncDisposable {
  readonly url: string;
}

/**
 * Starts to answer readers from a store.
 *
 * @param scopes May still grow: what is going to be in the store.
 * @param metrics What `/metrics` answers, and where requests are measured.
 * @throws KrmError `KRM_LISTEN` and those of `createServer`
 */
export async function serveReaders(
  store: Store,
  scopes: readonly Scope[],
  options: ServerFlagOptions,
  logger: Logger,
  metrics?: ProcessMetrics["registry"],
): Promise<Serving> {
  const { listen, auth, tlsCert, tlsKey } = options;
  const tls = tlsCert === undefined || tlsKey === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey };
  const observer = metrics && httpMetrics(metrics);
  const server: KrmServer = await createServer({ store, scopes, listen, auth, tls, logger, metrics, observer });
  try {
    const { url } = await listenHint(server.listen(), formatHostPort(listen));
    return { url, [Symbol.asyncDispose]: async () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/**
 * Refuses, before anything else is done, what must not be served so.
 *
 * @throws UsageError for an address that others can reach without a word about who may read, and for half of a
 * certificate.
 */
export function refuseUnsafe(
  { listen, auth, tlsCert, tlsKey }: ServerFlagOptions,
  mend = "Say who may: --auth static:FILE (tokens) or --auth none (everyone); or listen on 127.0.0.1.",
): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [given, missing] = tlsKey === undefined ? ["--tls-cert", "--tls-key"] : ["--tls-key", "--tls-cert"];
    throw new UsageError(`${given} needs ${missing}`, "Give both, or neither for plain HTTP.");
  }
  if (auth !== undefined || isLoopback(listen.host)) return;
  throw new UsageError(
    `--listen ${formatHostPort(listen)} can be reached by others, who could then read the cluster's state`,
    mend,
  );
}
