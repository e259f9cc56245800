import type { DispatcherOptions } from "@kubernetes/client-node";
import { KrmError } from "@krm/core";
import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from "undici";
import type { Identity } from "./credentials.ts";
import { redactedUrl } from "./redacted-url.ts";

/**
 * What a connection is for. Each has a pool of its own: watches hold theirs for minutes, lists must not wait for them, and
 * what is written to be measured for nothing.
 */
export type Purpose = "watch" | "list" | "get" | "write";

/** Beside KRM's own requests, those of others: of them any may be a watch. */
type Pool = Purpose | "forward";

/** Connections at once. A watch holds one each; lists are few and large. */
const CONNECTIONS: Readonly<Record<Pool, number | null>> = { watch: null, list: 8, get: 8, write: 2, forward: null };
const CONNECT_TIMEOUT_MS = 10_000;
/** Between two probes of TCP: below the idle time-outs of load balancers, which begin at 60 s. */
const TCP_KEEP_ALIVE_MS = 30_000;
/** How long an idle connection is kept for the next request: whoever closes later loses a request to the one who closes first. */
const IDLE_MS = 55_000;

/** Pools of connections, made anew when the credentials that they were made with have changed. */
export class Agents {
  readonly #current = new Map<Pool, { readonly key: string; readonly agent: Dispatcher }>();
  /** Also those that have been replaced but still serve a watch. */
  readonly #open = new Set<Dispatcher>();

  readonly #closed = new AbortController();

  /**
   * Aborts with {@link Agents.destroy}. Requests must heed it: an agent that is closing no longer knows the connections
   * that it still serves, so that destroying it does not break them.
   */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** @throws KrmError `KRM_CONNECTION` after {@link Agents.destroy}. */
  for(purpose: Pool, identity: Identity): Dispatcher {
    this.#closed.signal.throwIfAborted();
    const current = this.#current.get(purpose);
    if (current?.key === identity.key) return current.agent;
    const agent = createAgent(identity.dispatcher, CONNECTIONS[purpose]);
    this.#current.set(purpose, { key: identity.key, agent });
    this.#open.add(agent);
    if (current !== undefined) this.#retire(current.agent);
    return agent;
  }

  /**
   * An agent for one request, which opens a connection that nothing else has used or will use. To be given to
   * {@link Agents.discard} once that request has ended.
   *
   * @throws KrmError `KRM_CONNECTION` after {@link Agents.destroy}.
   */
  single(identity: Identity): Dispatcher {
    this.#closed.signal.throwIfAborted();
    const agent = createAgent(identity.dispatcher, 1);
    this.#open.add(agent);
    return agent;
  }

  /** Breaks the connection of an agent from {@link Agents.single}. */
  discard(agent: Dispatcher): void {
    const gone = (): void => {};
    if (this.#open.delete(agent)) agent.destroy().then(gone, gone);
  }

  /** Breaks all connections. */
  async destroy(): Promise<void> {
    this.#closed.abort(new KrmError("KRM_CONNECTION", "this source was closed"));
    const open = [...this.#open];
    this.#open.clear();
    this.#current.clear();
    await Promise.allSettled(open.map((agent) => agent.destroy()));
  }

  /** Closes when what it serves has ended. */
  #retire(agent: Dispatcher): void {
    const forget = (): void => {
      this.#open.delete(agent);
    };
    agent.close().then(forget, forget);
  }
}

function createAgent(options: DispatcherOptions, connections: number | null): Dispatcher {
  const tls = options.type === "proxy" || options.type === "socks" ? options.requestTls : {};
  const connect = {
    ...(options.type === "agent" && options.connect),
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    timeout: CONNECT_TIMEOUT_MS,
  };
  // A connection and a TCP window for each watch: no stream waits for another.
  const pool = { connections, pipelining: 1, allowH2: false, keepAliveTimeout: IDLE_MS, connect };
  switch (options.type) {
    case "agent":
    case "none":
      return new Agent(pool);
    case "proxy":
      return new ProxyAgent({ ...pool, uri: options.uri, requestTls: { ...requestTls(tls), ...connect } });
    case "socks":
      if (options.uri.startsWith("socks4")) {
        throw new KrmError(
          "KRM_INVALID_KUBECONFIG",
          `proxy-url ${redactedUrl(options.uri)}: SOCKS 4 is not supported`,
          {
            hint: "use a SOCKS 5 or an HTTP proxy",
          },
        );
      }
      return new Socks5ProxyAgent(options.uri.replace(/^socks(?:5h)?:/, "socks5:"), {
        ...pool,
        connect: undefined,
        requestTls: { ...requestTls(tls) },
      });
    default:
      return options satisfies never;
  }
}

/** The TLS options in the names that undici's connector knows; they are the same ones. */
function requestTls(tls: object): Record<string, unknown> {
  return { ...tls };
}
