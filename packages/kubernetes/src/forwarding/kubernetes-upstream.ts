import { type Cluster, KubeConfig } from "@kubernetes/client-node";
import { KrmError } from "@krm/core";
import { Agents } from "../transport/agents.ts";
import { connectionError } from "../transport/connection-error.ts";
import { Credentials } from "../transport/credentials.ts";
import { ownLocation } from "./own-location.ts";

/** A read that is somebody else's: what `@krm/server`'s Upstream is asked. */
export interface ForwardedRead {
  readonly method: "GET" | "HEAD";
  /** Path and query, from `/api`, `/apis`, `/openapi` or `/version` on. */
  readonly target: string;
  /** Names are in lower case. They are sent as they are; none of them says who asks. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The caller's bearer token; undefined: they are anonymous. */
  readonly token: string | undefined;
  /** The answer may be silent for as long as it likes, as a watch is. */
  readonly endless: boolean;
  /** Ends the request, and its answer. */
  readonly signal: AbortSignal;
}

/** What the API server answers, as it comes. */
export interface ForwardedAnswer {
  readonly status: number;
  /** Names are in lower case. `location` begins below the API server's own path, and is left out where it leads elsewhere. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it was sent: still compressed. Throws where it breaks off. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Between two parts of an answer that is not endless. */
const BODY_TIMEOUT_MS = 60_000;

/**
 * The API server of a kubeconfig's current context, read in the name of whoever asks. Of the kubeconfig it takes the
 * cluster alone (server, authority, `tls-server-name`, `proxy-url`), never its user: no request bears a credential of
 * KRM's, and no connection is shared with those that do. Redirects are not followed.
 *
 * Disposing breaks all connections.
 *
 * @example
 * await using upstream = new KubernetesUpstream(loadKubeConfig());
 * await createServer({ store, listen, tls, auth, upstream });
 */
export class KubernetesUpstream implements AsyncDisposable {
  readonly #credentials: Credentials;
  readonly #agents = new Agents();

  /**
   * @throws KrmError `KRM_INVALID_KUBECONFIG` where the tokens of others could come to somebody else, who could also put
   * credentials of its own in their place (as `kubectl proxy` does): over plain http, and with `insecure-skip-tls-verify`.
   * Also when the current context names no cluster.
   */
  constructor(kubeConfig: KubeConfig) {
    this.#credentials = new Credentials(withoutUser(kubeConfig.getCurrentCluster()));
  }

  /**
   * Resolves when the answer has begun, whatever its status.
   *
   * @throws KrmError `KRM_CONNECTION`, `KRM_INVALID_KUBECONFIG` (its authority cannot be read); the signal's reason.
   */
  async read({ method, target, headers, token, endless, signal }: ForwardedRead): Promise<ForwardedAnswer> {
    const { server } = this.#credentials;
    const base = server.pathname.replace(/\/$/, "");
    const [path = ""] = target.split("?");
    try {
      signal.throwIfAborted();
      const identity = await this.#credentials.current();
      const answer = await this.#agents.for("forward", identity).request({
        origin: server.origin,
        path: `${base}${target}`,
        method,
        headers: { ...mutable(headers), ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        // Who asks says how long they wait.
        headersTimeout: 0,
        bodyTimeout: endless ? 0 : BODY_TIMEOUT_MS,
        signal: AbortSignal.any([signal, this.#agents.closed]),
      });
      const { location } = answer.headers;
      // That it breaks off is told to whoever reads it, if there is anyone.
      answer.body.on("error", () => {});
      return {
        status: answer.statusCode,
        headers: {
          ...answer.headers,
          location: ownLocation(location, new URL(`${server.origin}${base}${path}`), base),
        },
        body: answer.body,
      };
    } catch (error) {
      signal.throwIfAborted();
      throw connectionError(error, this.#credentials, `for ${method} ${server.origin}${base}${path}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agents.destroy();
  }
}

/** A kubeconfig of the cluster alone. */
function withoutUser(cluster: Cluster | null): KubeConfig {
  const config = new KubeConfig();
  if (cluster === null) return config;
  refuseUnverified(cluster);
  config.loadFromClusterAndUser(cluster, { name: "" });
  return config;
}

function refuseUnverified({ name, server, skipTLSVerify }: Cluster): void {
  if (!URL.canParse(server)) return;
  const plain = new URL(server).protocol === "http:";
  if (!plain && !skipTLSVerify) return;
  const why = plain
    ? `its server ${server} is asked over plain http`
    : "insecure-skip-tls-verify lets anybody answer for it";
  throw new KrmError(
    "KRM_INVALID_KUBECONFIG",
    `requests of readers cannot be sent on to cluster ${JSON.stringify(name)}: ${why}, and they bear the readers' tokens`,
    { hint: "use its https server, with certificate-authority-data" },
  );
}

function mutable(headers: ForwardedRead["headers"]): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );
}
