import type { Logger, Scope, Store } from "@krm/core";
import { auditMetrics, httpMetrics, type ProcessMetrics } from "@krm/metrics/prometheus";
import {
  type AccessReviews,
  type AuditLog,
  createServer,
  isLoopback,
  openAuditLog,
  type ServerAuth,
  type Upstream,
} from "@krm/server";
import { UsageError } from "../errors/usage-error.ts";
import type { AuthChoice } from "../options/auth.ts";
import type { ServerFlagOptions } from "../options/common-flags.ts";
import { formatHostPort } from "../options/listen-address.ts";
import { refuseForeignTokens } from "./foreign-tokens.ts";
import { listenHint } from "./listen-hint.ts";

/** How often it is looked what has come to be watched in several namespaces. Milliseconds. */
const LOOK_EVERY_MS = 5000;

/** The cluster, as far as it is asked for readers. */
export interface AskedCluster {
  readonly reviews?: AccessReviews | undefined;
  readonly upstream?: Upstream | undefined;
}

/** A server that answers readers until it is disposed. */
export interface Serving extends AsyncDisposable {
  readonly url: string;
  /** To be called when `scopes` has grown, which is else noticed within seconds. Never rejects. */
  readonly followUnions: () => Promise<void>;
}

/**
 * Starts to answer readers from a store.
 *
 * @param scopes May still grow: what is going to be in the store.
 * @param metrics What `/metrics` answers, and where requests are measured.
 * @param cluster What `--auth tokenreview` asks, and where `--forward-uncached` sends to; needed for nothing else.
 * @throws KrmError `KRM_LISTEN` and those of `createServer`
 */
export async function serveReaders(
  store: Store,
  scopes: readonly Scope[],
  options: ServerFlagOptions,
  logger: Logger,
  metrics?: ProcessMetrics["registry"],
  { reviews, upstream }: AskedCluster = {},
): Promise<Serving> {
  const { listen, tlsCert, tlsKey, tlsClientCa, maxWatchesPerUser, maxListSize } = options;
  const auth = serverAuth(options.auth, reviews);
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { certFile: tlsCert, keyFile: tlsKey, clientCaFile: tlsClientCa };
  const observer = metrics && httpMetrics(metrics);
  await using opened = new AsyncDisposableStack();
  // Closed last: the server writes down its last answers first.
  const audit = await openAudit(options, logger, metrics);
  if (audit !== undefined) opened.use(audit);
  const limits = { maxWatchesPerUser, maxListSize };
  const server = opened.use(
    await createServer({ store, scopes, listen, auth, tls, ...limits, logger, metrics, observer, audit, upstream }),
  );
  const { url } = await listenHint(server.listen(), formatHostPort(listen));
  const followUnions = async (): Promise<void> => server.followUnions();
  const looking = setInterval(() => void followUnions(), LOOK_EVERY_MS).unref();
  opened.defer(() => clearInterval(looking));
  const serving = opened.move();
  return { url, followUnions, [Symbol.asyncDispose]: async () => serving.disposeAsync() };
}

async function openAudit(
  { auditLog: file }: ServerFlagOptions,
  logger: Logger,
  metrics: ProcessMetrics["registry"] | undefined,
): Promise<AuditLog | undefined> {
  if (file === undefined) return undefined;
  return openAuditLog({ file, logger, counts: metrics && auditMetrics(metrics) });
}

function serverAuth(auth: AuthChoice | undefined, reviews: AccessReviews | undefined): ServerAuth | undefined {
  if (auth?.type !== "tokenreview") return auth;
  if (reviews === undefined) throw new TypeError("there is no cluster to review tokens");
  return { ...auth, reviews };
}

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
