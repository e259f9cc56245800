import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Clock, KrmError, resourceId, type ResourceType } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { FaultPlan } from "../faults/fault-plan.ts";
import { createTlsMaterial, type TlsMaterial } from "./certificate-authority.ts";
import { kubeconfigYaml } from "./kubeconfig.ts";
import { Replicas } from "./replicas.ts";
import { RequestCounters } from "./request-counters.ts";
import { RequestHandler } from "./request-handler.ts";
import { scheduleFaults } from "./scheduled-faults.ts";
import { ServedResources } from "./served-resources.ts";
import { DEFAULT_USERS, type SimUser, Users } from "./users.ts";

/** Idle connections stay open this long, so that none breaks under a client that is about to use it. */
const KEEP_ALIVE_MS = 180_000;

const SLOW_READER_BYTES = 64 * 1024 * 1024;

/** How a {@link SimApiServer} is made. */
export interface SimApiServerOptions {
  /** What it serves. */
  readonly cluster: SimCluster;
  /** Of bookmarks, timeouts, delays and the `Date` header. Default: the cluster's. */
  readonly clock?: Clock | undefined;
  /** What goes wrong; default: nothing. Can be changed at any time by {@link SimApiServer.faults}. */
  readonly faults?: FaultPlan | undefined;
  /** Default: {@link DEFAULT_USERS}. */
  readonly users?: readonly SimUser[] | undefined;
  /** Own certificates, or `false` for plain HTTP (to which most clients send no credentials). Default: made anew. */
  readonly tls?: TlsMaterial | false | undefined;
  /** Of the time that a watch lasts which names none. Default: 1. */
  readonly seed?: number | undefined;
  /** Bytes that may wait for a reader of a watch before its connection is cut. Default: 64 MiB. */
  readonly slowReaderBytes?: number | undefined;
}

/** Where to listen. */
export interface SimListenOptions {
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
}

/**
 * A kube-apiserver v1.36 as clients see it, over HTTPS (HTTP/1.1), on top of a simulated cluster: reads, writes, watches,
 * discovery, Tables, reviews. What it answers is held against recorded answers of a real one; what it does not imitate
 * is listed in the package's README.
 *
 * @example
 * const cluster = new SimCluster();
 * await using server = new SimApiServer({ cluster });
 * await server.listen();
 * const config = new KubeConfig();
 * config.loadFromString(server.kubeconfig());
 */
export class SimApiServer implements AsyncDisposable {
  /** How many requests came, by verb and resource. */
  readonly requests: RequestCounters = new RequestCounters();
  /** Who may do what. Changes hold from the next request on; open watches go on. */
  readonly users: Users;
  readonly #cluster: SimCluster;
  readonly #clock: Clock;
  readonly #handler: RequestHandler;
  readonly #replicas: Replicas;
  readonly #served: ServedResources;
  readonly #closed = new AbortController();
  readonly #sockets = new Set<Socket>();
  #faults: FaultPlan | undefined;
  #overtaken = new AbortController();
  #tls: TlsMaterial | false | undefined;
  #server: Server | undefined;
  #address: { host: string; port: number } | undefined;
  #paused: PromiseWithResolvers<void> | undefined;

  constructor(options: SimApiServerOptions) {
    this.#cluster = options.cluster;
    this.#clock = options.clock ?? options.cluster.clock;
    this.#faults = options.faults;
    this.#replicas = new Replicas(this.#cluster, options.faults);
    this.#served = new ServedResources(this.#cluster);
    this.users = new Users(options.users ?? DEFAULT_USERS);
    this.#tls = options.tls;
    this.#handler = new RequestHandler({
      cluster: this.#cluster,
      clock: this.#clock,
      users: this.users,
      counters: this.requests,
      seed: options.seed ?? 1,
      slowReaderBytes: options.slowReaderBytes ?? SLOW_READER_BYTES,
      faults: () => this.#faults,
      replicas: this.#replicas,
      served: this.#served,
    });
  }

  /**
   * What goes wrong from now on. Undefined: nothing more, anywhere. Another plan is for requests to come: watches that
   * are open keep the faults that they began with. Intervals of a plan begin when it is set, or with {@link listen}.
   */
  get faults(): FaultPlan | undefined {
    return this.#faults;
  }

  set faults(plan: FaultPlan | undefined) {
    if (plan === this.#faults) return;
    this.#faults = plan;
    this.#replicas.use(plan);
    if (this.#address !== undefined) this.#schedule();
  }

  /**
   * Starts to listen.
   *
   * @throws KrmError `KRM_LISTEN` when the address is taken or is none of this machine, `KRM_USAGE` when it already
   * listens or was closed.
   */
  async listen(options: SimListenOptions = {}): Promise<{ url: string }> {
    if (this.#address !== undefined || this.#closed.signal.aborted) {
      throw new KrmError("KRM_USAGE", "this simulated API server has been started already: make a new one");
    }
    const { host = "127.0.0.1", port = 0 } = options;
    if (this.#tls === undefined) {
      this.#tls = await createTlsMaterial({ hosts: [...new Set(["127.0.0.1", "::1", "localhost", host])] });
    }
    this.#address = { host, port: await this.#listen(host, port) };
    this.#schedule();
    return { url: this.url };
  }

  /** Where it listens. @throws KrmError `KRM_USAGE` before {@link listen}. */
  get url(): string {
    const { host, port } = this.#listening();
    return `${this.#tls === false ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  /** The authority that clients must trust, as PEM; undefined without TLS. @throws KrmError `KRM_USAGE` before listen. */
  get ca(): string | undefined {
    this.#listening();
    return this.#tls === false ? undefined : this.#tls?.ca;
  }

  /** How many watches are open. */
  get openWatches(): number {
    return this.#handler.watches.size;
  }

  /**
   * A kubeconfig file for one of the users, default `admin`; self-contained, with the authority and the token in it.
   *
   * @throws KrmError `KRM_USAGE` for a user that there is not, or before {@link listen}.
   */
  kubeconfig(options: { readonly user?: string } = {}): string {
    const name = options.user ?? "admin";
    const user = this.users.get(name);
    if (user === undefined) {
      const known = this.users.names().join(", ");
      throw new KrmError("KRM_USAGE", `there is no user ${JSON.stringify(name)}: choose one of ${known}`);
    }
    return kubeconfigYaml({ server: this.url, ca: this.ca, user: name, token: user.token });
  }

  /** Breaks all connections, as a network does. New ones are taken at once. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends all watches cleanly, as a server does that shuts down in order. New ones are taken at once. */
  endWatches(): void {
    this.#handler.watches.endAll();
  }

  /** Half-open silence: connections stay, new ones are taken, but not a byte comes any more. */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
    this.#handler.watches.hold(true);
  }

  /** Ends the silence: what was held back is sent now. */
  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
    this.#handler.watches.hold(false);
  }

  /** Vanishes: all connections break, new ones are refused. The cluster goes on. Does nothing when stopped already. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.dropConnections();
    await closed;
  }

  /**
   * Comes back on the same port, with a watch cache that is read anew: what faults made it lose is there again. Does
   * nothing unless stopped.
   *
   * @throws KrmError `KRM_LISTEN` when the port was taken.
   */
  async start(): Promise<void> {
    const { host, port } = this.#listening();
    if (this.#server !== undefined) return;
    this.#replicas.rebuild();
    await this.#listen(host, port);
  }

  /**
   * Serves a resource no more, as when its CRD is deleted: its watches end, it answers 404, and discovery does not name
   * it. Its objects stay in the cluster.
   *
   * @throws KrmError `KRM_UNKNOWN_RESOURCE` for one that the cluster does not have.
   */
  withdraw(resource: Pick<ResourceType, "group" | "version" | "resource">): void {
    this.#known(resource);
    this.#served.withdraw(resource);
    this.#handler.watches.endAll(resource);
  }

  /** Serves it again. @throws KrmError as {@link withdraw}. */
  serve(resource: Pick<ResourceType, "group" | "version" | "resource">): void {
    this.#known(resource);
    this.#served.restore(resource);
  }

  /** Stops for good, and hears no more of the cluster. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#paused?.resolve();
    this.#handler.watches.close();
    this.#replicas.close();
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What the plan of before had under way comes to its end. */
  #schedule(): void {
    this.#overtaken.abort();
    this.#overtaken = new AbortController();
    if (this.#faults === undefined) return;
    scheduleFaults(this.#faults, {
      server: this,
      cluster: this.#cluster,
      clock: this.#clock,
      over: this.#overtaken.signal,
      closed: this.#closed.signal,
    });
  }

  #known({ group, version, resource }: Pick<ResourceType, "group" | "version" | "resource">): void {
    if (this.#cluster.find(group, version, resource) !== undefined) return;
    const name = resourceId({ group, version, resource });
    throw new KrmError("KRM_UNKNOWN_RESOURCE", `the simulated cluster has no resource ${name}`);
  }

  #listening(): { host: string; port: number } {
    if (this.#address === undefined) throw new KrmError("KRM_USAGE", "this simulated API server does not listen yet");
    return this.#address;
  }

  async #listen(host: string, port: number): Promise<number> {
    const handle: RequestListener = (request, response) => void this.#handle(request, response);
    const server =
      this.#tls === false || this.#tls === undefined
        ? createHttpServer(handle)
        : createHttpsServer({ cert: this.#tls.cert, key: this.#tls.key, ALPNProtocols: ["http/1.1"] }, handle);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.requestTimeout = 0;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
      server.listen(port, host, () => resolve());
    });
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async #handle(...[request, response]: Parameters<RequestListener>): Promise<void> {
    if (this.#paused !== undefined) await this.#paused.promise;
    if (!response.destroyed) await this.#handler.handle(request, response, this.#closed.signal);
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): KrmError {
  const why =
    error.code === "EADDRINUSE"
      ? "the port is in use: choose another, or 0 for any free one"
      : error.code === "EADDRNOTAVAIL"
        ? "the address is none of this machine"
        : error.message;
  return new KrmError("KRM_LISTEN", `cannot listen on ${host}:${port}: ${why}`, { cause: error });
}
