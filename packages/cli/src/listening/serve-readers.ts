import { type Logger, type Scope, type Store, systemClock } from "@krm/core";
import { auditMetrics, httpMetrics, type ProcessMetrics } from "@krm/metrics/prometheus";
import {
  type AccessReviews,
  type AuditLog,
  createServer,
  openAuditLog,
  type ServerAuth,
  type Upstream,
} from "@krm/server";
import { keepDelays } from "../metrics/keep-delays.ts";
import type { AuthChoice } from "../options/auth.ts";
import type { ServerFlagOptions } from "../options/common-flags.ts";
import { formatHostPort } from "../options/listen-address.ts";
import { listenHint } from "./listen-hint.ts";

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
  const { history: delays } = opened.use(keepDelays(store, systemClock));
  const limits = { maxWatchesPerUser, maxListSize };
  const server = opened.use(
    await createServer({
      store,
      scopes,
      listen,
      auth,
      tls,
      ...limits,
      logger,
      metrics,
      delays,
      observer,
      audit,
      upstream,
    }),
  );
  const { url } = await listenHint(server.listen(), formatHostPort(listen));
  const serving = opened.move();
  const followUnions = async (): Promise<void> => server.followUnions();
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
