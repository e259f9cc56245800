import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A SOCKS 5 proxy without authentication (RFC 1928) that leads to one port of this machine, whatever it is asked for. */
export class SocksProxy implements AsyncDisposable {
  /** What was asked for, as `host:port`. */
  readonly hosts: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => void this.#serve(client));
  readonly #target: number;

  constructor(target: number) {
    this.#target = target;
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `socks5://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #serve(client: Socket): Promise<void> {
    this.#sockets.add(client);
    client.on("error", () => {});
    await once(client, "data");
    client.write(Buffer.from([5, 0]));
    const [request] = (await once(client, "data")) as [Buffer];
    const length = request[4] ?? 0;
    this.hosts.push(`${request.toString("latin1", 5, 5 + length)}:${request.readUInt16BE(5 + length)}`);
    const upstream = connect(this.#target, "127.0.0.1", () => {
      client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    this.#sockets.add(upstream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
