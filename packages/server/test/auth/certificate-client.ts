import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Socket } from "node:net";
import type { ClientCertificate } from "@krm/testkit";

/** An answer, as far as it is looked at. */
export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** The connection's own port: the same one, the same connection. */
  readonly port: number | undefined;
}

/** One client of a server: its certificate, and the connection that it keeps open. */
export class CertificateClient {
  readonly #agent: Agent;
  readonly #url: string;
  #connection: Socket | undefined;

  constructor(url: string, ca: string, certificate: ClientCertificate | undefined) {
    this.#url = url;
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets: 1, ...certificate });
  }

  /** The answer as it begins; its body is to be read, or destroyed. */
  async open(path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    const sent = request(`${this.#url}${path}`, { agent: this.#agent, headers });
    sent.once("socket", (socket) => (this.#connection = socket)).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return response;
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const response = await this.open(path, headers);
    const { localPort: port } = response.socket;
    let body = "";
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode, headers: response.headers, body, port };
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    const connection = this.#connection;
    if (connection?.closed === false) await once(connection, "close");
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
