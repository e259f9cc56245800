import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server on which connections can be forgotten, as a NAT does: no byte comes through any more, and no end. */
export class BlackHole implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  readonly #forgotten = new Set<Socket>();
  readonly #server = createServer((client) => this.#take(client));
  readonly #target: number;

  private constructor(target: number) {
    this.#target = target;
  }

  static async before(target: number): Promise<BlackHole> {
    const made = new BlackHole(target);
    made.#server.listen(0, "127.0.0.1");
    await once(made.#server, "listening");
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Forgets every connection of now; new ones get through. How many it forgot. */
  forget(): number {
    const before = this.#forgotten.size;
    for (const socket of this.#sockets) this.#forgotten.add(socket);
    return (this.#forgotten.size - before) / 2;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #take(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    this.#join(client, server);
    this.#join(server, client);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("error", () => {});
    from.on("data", (chunk) => {
      if (!this.#forgotten.has(from)) to.write(chunk);
    });
    from.on("close", () => {
      this.#sockets.delete(from);
      if (!this.#forgotten.has(from)) to.destroy();
    });
  }
}
