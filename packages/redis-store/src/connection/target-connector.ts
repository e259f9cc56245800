import { createConnection, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, type RedisOptions } from "ioredis";
import { readPasswordFile, readTlsFiles } from "./credential-files.ts";
import type { Address, TlsFiles } from "./redis-target.ts";

/** How the clients of one target get their sockets. */
export interface ConnectorPlan {
  readonly tls: TlsFiles | undefined;
  readonly passwordFile: string | undefined;
  /** For TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** Where to connect this time. `own` is what the client was made with. */
  locate(own: Partial<Address>): Address | Promise<Address>;
  /** Every failure of a socket: of those of its nodes, a cluster client tells nothing but that they were closed. */
  readonly onSocketError: ((error: Error) => void) | undefined;
}

/** A client that `connect` found closed in the meantime; ioredis knows the words. */
const CLOSED = "Connection is closed.";

/**
 * Makes the class that ioredis makes its sockets with. At each connect it asks `locate`, and reads the password file
 * and the files of TLS. A file that cannot be read fails the connect, with a KrmError.
 */
export function connectorOf(plan: ConnectorPlan): NonNullable<RedisOptions["Connector"]> {
  return class TargetConnector extends AbstractConnector {
    readonly #own: Partial<Address>;
    #unreadable: unknown;

    constructor(options: unknown) {
      const own = options as RedisOptions;
      super(own.disconnectTimeout ?? 0);
      this.#own = own;
      const { passwordFile } = plan;
      if (passwordFile === undefined) return;
      // The client reads this property at each connect, before it asks for a socket; throwing there would hang it.
      Object.defineProperty(own, "password", {
        enumerable: true,
        configurable: true,
        get: () => {
          this.#unreadable = undefined;
          try {
            return readPasswordFile(passwordFile);
          } catch (error) {
            this.#unreadable = error;
            return undefined;
          }
        },
      });
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      const socket = await this.#open().catch((error: unknown) => {
        plan.onSocketError?.(error as Error);
        throw error;
      });
      // A plain listener stays: a socket that fails twice must not take the process along.
      socket.on("error", (error) => {
        this.firstError ??= error;
        plan.onSocketError?.(error);
      });
      limit(socket, plan.connectTimeoutMs, plan.tls === undefined ? "connect" : "secureConnect");
      this.stream = socket;
      return socket;
    }

    async #open(): Promise<Socket> {
      if (this.#unreadable !== undefined) throw this.#unreadable;
      const { host, port } = await plan.locate(this.#own);
      const material = plan.tls === undefined ? undefined : await readTlsFiles(plan.tls);
      if (!this.connecting) throw new Error(CLOSED);
      this.firstError = undefined;
      if (material === undefined) return createConnection({ host, port });
      // Said aloud: an environment variable could switch the verification off otherwise.
      const verified = { ...material, host, port, rejectUnauthorized: true };
      return connectTls(isIP(host) === 0 ? { ...verified, servername: host } : verified);
    }
  };
}

function limit(socket: Socket, ms: number, connected: "connect" | "secureConnect"): void {
  const timer = setTimeout(() => {
    // Of TLS, that the other side is there and does not speak it is worth telling.
    const code = socket.connecting ? "ETIMEDOUT" : "TLS_TIMEOUT";
    socket.destroy(Object.assign(new Error(`no connection within ${ms} ms`), { code }));
  }, ms);
  const clear = (): void => clearTimeout(timer);
  socket.once(connected, clear);
  socket.once("close", clear);
}
