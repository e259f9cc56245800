import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { RequestOptions } from "node:https";
import { type DispatcherOptions, KubeConfig } from "@kubernetes/client-node";
import { KrmError } from "@krm/core";
import { type ConfigUser, impersonationHeaders } from "../kubeconfig/config-user.ts";
import { isLoopback } from "./loopback.ts";
import { redactedUrl } from "./redacted-url.ts";

/** Who asks, and how to get there: as of now, since tokens and certificates rotate. */
export interface Identity {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly dispatcher: DispatcherOptions;
  /** Changes when connections must be made anew: other CA, certificate, key, or proxy. */
  readonly key: string;
  /** How often credentials had been reloaded when these were read. */
  readonly generation: number;
}

/** What of client-node's answer matters here. */
type Applied = Omit<RequestOptions, "headers"> & { headers?: Record<string, string>; servername?: string };

/** The credentials of a kubeconfig's current context, fresh for each request. */
export class Credentials {
  /** Where the API server is, with the path before `/api`, without a slash at the end. */
  readonly server: URL;
  /** The proxy on the way there, without a password, for messages. */
  readonly proxy: string | undefined;
  #config: KubeConfig;
  #pending: Promise<Identity> | undefined;
  #generation = 0;

  /** @throws KrmError `KRM_INVALID_KUBECONFIG` when there is no usable context, or its proxy is none. */
  constructor(config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (cluster === null || !URL.canParse(cluster.server)) {
      const context = JSON.stringify(config.getCurrentContext() ?? "");
      throw new KrmError(
        "KRM_INVALID_KUBECONFIG",
        `the kubeconfig's context ${context} names no cluster with a server`,
      );
    }
    this.server = new URL(cluster.server);
    this.proxy = checkedProxy(cluster.proxyUrl);
    this.#config = this.#renew(config);
  }

  /** One asking at a time: an exec plugin is not started once for each of many requests that begin together. */
  current(): Promise<Identity> {
    if (this.#pending !== undefined) return this.#pending;
    const pending = this.#read().finally(() => {
      if (this.#pending === pending) this.#pending = undefined;
    });
    this.#pending = pending;
    return pending;
  }

  /**
   * Forgets what was cached, since `refused` was refused: token files are read and exec plugins run again at the next
   * request. Does nothing when that has happened since; many requests may be refused together.
   */
  reload(refused: Identity): void {
    if (refused.generation !== this.#generation) return;
    this.#generation++;
    this.#pending = undefined;
    this.#config = this.#renew(this.#config);
  }

  /** The same definition with authenticators that have cached nothing. */
  #renew(config: KubeConfig): KubeConfig {
    const renewed = new KubeConfig();
    const plainOnLoopback = this.server.protocol === "http:" && isLoopback(this.server.hostname);
    const cluster = config.getCurrentCluster();
    const user = config.getCurrentUser() ?? { name: "" };
    if (cluster === null) return renewed;
    // client-node takes http only together with skipTLSVerify. What stays on this machine needs no such permission.
    const skipTLSVerify = cluster.skipTLSVerify || plainOnLoopback;
    for (const custom of config["custom_authenticators"]) renewed.addAuthenticator(custom);
    renewed.loadFromClusterAndUser({ ...cluster, skipTLSVerify }, user);
    return renewed;
  }

  async #read(): Promise<Identity> {
    const config = this.#config;
    const generation = this.#generation;
    const applied: Applied = {};
    try {
      await config.applyToHTTPSOptions(applied);
      const user: ConfigUser | null = config.getCurrentUser();
      const headers: Record<string, string | string[]> = { ...(user !== null && impersonationHeaders(user)) };
      for (const [name, value] of Object.entries(applied.headers ?? {})) headers[name.toLowerCase()] = value.trim();
      if (typeof applied.auth === "string")
        headers["authorization"] = `Basic ${Buffer.from(applied.auth).toString("base64")}`;
      const cluster = config.getCurrentCluster();
      // Said explicitly, so that no environment variable can turn verification off.
      const rejectUnauthorized = applied.rejectUnauthorized ?? true;
      const { ca, cert, key, servername } = applied;
      const tls = { ca, cert, key, servername, rejectUnauthorized };
      const dispatcher = config.createDispatcherOptions(cluster, tls);
      return {
        generation,
        headers,
        dispatcher,
        key: fingerprint(cluster?.proxyUrl, ca, cert, key, servername, rejectUnauthorized),
      };
    } catch (error) {
      // What an exec plugin printed is cached even where it is no credential, and would be refused for ever.
      if (this.#config === config) this.#config = this.#renew(config);
      throw this.#failure(config, error);
    }
  }

  /** What to throw when they have not come for this long. */
  late(ms: number): KrmError {
    return this.#failure(this.#config, new Error(`they have not come for ${ms / 1000} s`));
  }

  #failure(config: KubeConfig, cause: unknown): KrmError {
    const user = config.getCurrentUser();
    const exec = (user?.exec as { command?: unknown } | null | undefined)?.command;
    // The words of such an error quote what was printed, which may be a token; so does the error itself.
    const ofNode = (cause as { code?: unknown } | null | undefined)?.code !== undefined;
    const unreadable =
      typeof exec === "string" && !ofNode && (cause instanceof SyntaxError || cause instanceof TypeError);
    const words = cause instanceof Error ? cause.message.trim().slice(0, 500) : String(cause);
    const why = unreadable
      ? "what it printed is not an ExecCredential"
      : words === ""
        ? "it failed without a word"
        : words;
    const who = `the credentials of user ${JSON.stringify(user?.name ?? "")} for ${this.server.origin}`;
    const how = typeof exec === "string" ? ` (exec plugin ${JSON.stringify(exec)})` : "";
    return new KrmError("KRM_INVALID_KUBECONFIG", `${who}${how} cannot be had: ${why}`, {
      cause: unreadable ? undefined : cause,
      hint: why.startsWith("HTTP protocol")
        ? "use an https server: credentials are not sent in the clear to another machine"
        : typeof exec === "string"
          ? "run the plugin by hand and see whether it prints an ExecCredential"
          : "check the files that the kubeconfig names",
    });
  }
}

function checkedProxy(url: string | undefined): string | undefined {
  if (url === undefined || url === "") return undefined;
  const shown = redactedUrl(url);
  if (URL.canParse(url) && /^(?:https?|socks[45]?[ah]?):\/\//i.test(url)) return shown;
  throw new KrmError("KRM_INVALID_KUBECONFIG", `the cluster's proxy-url ${shown} is not the URL of a proxy`, {
    hint: "it must start with http://, https:// or socks5://",
  });
}

function fingerprint(...parts: readonly unknown[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = part instanceof Uint8Array ? part : Buffer.from(String(part));
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex");
}
