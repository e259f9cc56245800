import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { KrmError } from "@krm/core";
import { freePort } from "./free-port.ts";
import { pass } from "./gated-stream.ts";

/**
 * A TCP proxy on 127.0.0.1 before a server of this machine, for tests of whoever speaks to that server: it breaks, goes
 * silent, is slow. It passes bytes on as they are, TLS as well. What names the server's own port in its answers (a
 * cluster's redirections, a sentinel's masters) leads past it.
 *
 * @example
 * await using proxy = new FaultProxy();
 * await proxy.listen(redis.port);
 * const client = connectTo(`redis://127.0.0.1:${proxy.port}`);
 * await proxy.cut(); // refused
 * await proxy.heal(); // and back, on the same port
 */
export class FaultProxy implements AsyncDisposable {
  #port: number | undefined;
  #target = 0;
  #listener: Server | undefined;
  #delayMs = 0;
  #stalled: PromiseWithResolvers<void> | undefined;
  #delays = new AbortController();
  readonly #sockets = new Set<Socket>();

  /** Starts listening; what it takes goes to this port of 127.0.0.1, whether or not a server is there. */
  async listen(targetPort: number): Promise<void> {
    if (this.#port !== undefined)
      throw new KrmError("KRM_INVALID_ARGUMENT", "this proxy listens already: make a new one");
    this.#target = targetPort;
    const port = await freePort();
    await this.#open(port);
    this.#port = port;
  }

  /** Where it listens, from `listen` on and for ever, also while it is cut. */
  get port(): number {
    if (this.#port === undefined) throw new KrmError("KRM_INVALID_ARGUMENT", "this proxy does not listen yet");
    return this.#port;
  }

  /** How many clients are connected now. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Breaks all connections, and refuses new ones until `heal`. */
  async cut(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    const closed = listener && new Promise((resolve) => listener.close(resolve));
    this.breakConnections();
    await closed;
  }

  /** Passes no byte any more, and no end of a connection, until `heal`; takes new connections. What comes meanwhile is kept. */
  stall(): void {
    this.#stalled ??= Promise.withResolvers();
  }

  /** Ends `cut`, `stall` and `delay`; what was kept is passed on. */
  async heal(): Promise<void> {
    this.#release();
    if (this.#listener === undefined) await this.#open(this.port);
  }

  /** Breaks all connections, as a network does: both sides see a reset. New ones are taken. */
  breakConnections(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  /** From now on, each chunk is passed on so many milliseconds after it came, in order, in both directions; 0: at once. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Breaks everything, for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    await this.cut();
  }

  async #open(port: number): Promise<void> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#take(client));
    await once(listener.listen({ port, host: "127.0.0.1", exclusive: true }), "listening");
    this.#listener = listener;
  }

  #take(client: Socket): void {
    const server = connect({ port: this.#target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.#join(client, server);
    this.#join(server, client);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("error", () => {});
    from.on("close", (failed: boolean) => {
      this.#sockets.delete(from);
      if (failed) void this.#arrival()().then(() => reset(to));
    });
    pass(from, to, () => this.#arrival());
  }

  /** Something comes now, and goes on when the function that is returned resolves. */
  #arrival(): () => Promise<void> {
    const due = performance.now() + this.#delayMs;
    const { signal } = this.#delays;
    return async () => {
      for (;;) {
        const waitMs = signal.aborted ? 0 : due - performance.now();
        if (this.#stalled !== undefined) await this.#stalled.promise;
        else if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {});
        else return;
      }
    };
  }

  #release(): void {
    this.#delayMs = 0;
    this.#delays.abort();
    this.#delays = new AbortController();
    this.#stalled?.resolve();
    this.#stalled = undefined;
  }
}

function reset(socket: Socket): void {
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
