import type { Cluster, KubeConfig } from "@kubernetes/client-node";
import { KrmClientError } from "../error.ts";
import { type Connection, connectionOf, invalid, isLoopback } from "../options.ts";

/** Statuses whose answers have no body. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Reaches the KRM server that a kubeconfig's current context names, by its certificates, and as its user. Credentials are
 * taken from it for each request: from that context, whichever is current by then, and as long as it names that server.
 *
 * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
 */
export function kubeConfigConnection(kubeConfig: KubeConfig): Connection {
  const server = kubeConfig.getCurrentCluster()?.server;
  if (server === undefined)
    throw invalid("the kubeconfig has no current cluster", "load one whose current context names a KRM server");
  const inContext = derived(kubeConfig, { currentContext: kubeConfig.currentContext });
  const connection = connectionOf({
    url: server,
    fetch: (input, init) => send(inContext, server, new URL(input instanceof Request ? input.url : input), init ?? {}),
  });
  return { ...connection, renewsToken: true };
}

async function send(kubeConfig: KubeConfig, server: string, url: URL, init: RequestInit): Promise<Response> {
  const { HttpMethod, RequestContext } = await import("@kubernetes/client-node/dist/gen/http/http.js");
  const context = new RequestContext(url.href, HttpMethod.GET);
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster?.server !== server) throw noCredentials(`its context names another server than ${url.origin} by now`);
  try {
    await ofProtocol(kubeConfig, cluster, url.protocol).applySecurityAuthentication(context);
  } catch (cause) {
    throw noCredentials(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(context.getHeaders())) headers.set(name, value);
  if (headers.has("authorization") && url.protocol === "http:" && !isLoopback(url.hostname))
    throw new KrmClientError("KRM_CLIENT_INSECURE_TOKEN", `the credentials would go to ${url.host} over plain HTTP`, {
      hint: "name the server by https in the kubeconfig",
    });
  const dispatcher = context.getDispatcher();
  if (dispatcher === undefined) return fetch(url, { ...init, headers });
  try {
    // Not by `fetch`: that of Node.js takes no dispatcher of another undici. This one follows no redirects.
    const answer = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: "GET",
      headers: Object.fromEntries(headers),
      signal: init.signal ?? null,
      // A watch has an eye on its silence itself.
      bodyTimeout: 0,
    });
    const told = new Headers();
    for (const [name, value] of Object.entries(answer.headers))
      for (const one of [value ?? []].flat()) told.append(name, one);
    const body = WITHOUT_BODY.has(answer.statusCode) ? null : ReadableStream.from<Uint8Array>(answer.body);
    return new Response(body, { status: answer.statusCode, headers: told });
  } finally {
    // It is of this request alone, and goes when that is over.
    void dispatcher.close().catch(() => {});
  }
}

function noCredentials(why: string, cause?: unknown): KrmClientError {
  return new KrmClientError("KRM_CLIENT_TOKEN_FILE", `the kubeconfig gives no credentials: ${why}`, {
    hint: "look at the context that was current when the informer was made, and at its user",
    cause,
  });
}

/** client-node refuses plain HTTP unless it is told not to verify what HTTP does not have. */
function ofProtocol(kubeConfig: KubeConfig, cluster: Cluster, protocol: string): KubeConfig {
  if (protocol !== "http:" || cluster.skipTLSVerify) return kubeConfig;
  return derived(kubeConfig, { clusters: [{ ...cluster, skipTLSVerify: true }] });
}

/** The same kubeconfig, authenticators and what becomes of it included, but for this. */
function derived(kubeConfig: KubeConfig, other: Partial<KubeConfig>): KubeConfig {
  return Object.assign(Object.create(kubeConfig) as KubeConfig, other);
}
