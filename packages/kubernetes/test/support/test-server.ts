import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { KubeConfig, type User } from "@kubernetes/client-node";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** A server on loopback that answers as the test says, and remembers what it was asked and over which connections. */
export class TestServer implements AsyncDisposable {
  readonly requests: { readonly url: URL; readonly headers: IncomingMessage["headers"] }[] = [];
  /** Of all connections that were ever made. */
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  readonly #tls: boolean;
  #port: number | undefined;

  constructor(handler: Handler, tls?: ServerOptions) {
    const listener: RequestListener = (request, response) => {
      this.requests.push({ url: new URL(request.url ?? "/", "http://test"), headers: request.headers });
      void handler(request, response);
    };
    this.#tls = tls !== undefined;
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on(this.#tls ? "secureConnection" : "connection", (socket: Socket) => this.sockets.push(socket));
  }

  static async start(handler: Handler, tls?: ServerOptions): Promise<TestServer> {
    const server = new TestServer(handler, tls);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    this.#port ??= (this.#server.address() as AddressInfo).port;
    return `${this.#tls ? "https" : "http"}://127.0.0.1:${this.#port}`;
  }

  /** A kubeconfig for this server. */
  config(user: Partial<User> = {}, cluster: { caData?: string; caFile?: string; proxyUrl?: string } = {}): KubeConfig {
    const config = new KubeConfig();
    const server = this.url;
    config.loadFromClusterAndUser({ name: "test", server, skipTLSVerify: false, ...cluster }, { name: "me", ...user });
    return config;
  }

  /** Makes this one an HTTP proxy to `target`, whatever host is asked for; gives the hosts as they come. */
  tunnelTo(target: TestServer): readonly string[] {
    const hosts: string[] = [];
    this.#server.on("connect", (request: IncomingMessage, client: Socket) => {
      hosts.push(request.url ?? "");
      const upstream = connect(Number(new URL(target.url).port), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.pipe(client).pipe(upstream);
      });
      client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
    });
    return hosts;
  }

  /** Makes this one an HTTP proxy that lets nobody through. */
  refuseTunnels(status: number): void {
    this.#server.on("connect", (_request: IncomingMessage, client: Socket) => {
      client.on("error", () => {}).end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

export function json(
  response: ServerResponse,
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

export function podBody(name: string, version: string): object {
  return { metadata: { name, namespace: "n", uid: `u-${name}`, resourceVersion: version } };
}

export function listBody(version: string, items: readonly object[], token?: string): object {
  return { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: version, continue: token }, items };
}

export function frame(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** The rejection's reason. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
