import type { KubeConfig } from "@kubernetes/client-node";
import { KrmClientError } from "../error.ts";
import { type Connection, connectionOf, invalid, isLoopback } from "../options.ts";

/** Statuses whose answers have no body. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Reaches the KRM server that a kubeconfig's current context names, by its certificates, and as its user. Credentials are
 * taken from it for each request.
 *
 * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
 */
export function kubeConfigConnection(kubeConfig: KubeConfig): Connection {
  const server = kubeConfig.getCurrentCluster()?.server;
  if (server === undefined)
    throw invalid("the kubeconfig has no current cluster", "load one whose current context names a KRM server");
  const connection = connectionOf({
    url: server,
    fetch: (input, init) => send(kubeConfig, new URL(input instanceof Request ? input.url : input), init ?? {}),
  });
  return { ...connection, renewsToken: true };
}

async function send(kubeConfig: KubeConfig, url: URL, init: RequestInit): Promise<Response> {
  const { HttpMethod, RequestContext } = await import("@kubernetes/client-node/dist/gen/http/http.js");
  const context = new RequestContext(url.href, HttpMethod.GET);
  try {
    await (await ofProtocol(kubeConfig, url.protocol)).applySecurityAuthentication(context);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KrmClientError("KRM_CLIENT_TOKEN_FILE", `the kubeconfig gives no credentials: ${why}`, {
      hint: "look at the user of its current context",
      cause,
    });
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

/** client-node refuses plain HTTP unless it is told not to verify what HTTP does not have. */
async function ofProtocol(kubeConfig: KubeConfig, protocol: string): Promise<KubeConfig> {
  const cluster = kubeConfig.getCurrentCluster();
  if (protocol !== "http:" || cluster === null || cluster.skipTLSVerify) return kubeConfig;
  const { KubeConfig: Config } = await import("@kubernetes/client-node/dist/config.js");
  const plain = new Config();
  const { contexts, currentContext, users } = kubeConfig;
  plain.loadFromOptions({ contexts, currentContext, users, clusters: [{ ...cluster, skipTLSVerify: true }] });
  return plain;
}
