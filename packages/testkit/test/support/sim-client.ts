import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { SimApiServer } from "@krm/testkit";

/** JSON of any shape: a test says what it expects. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyJson = any;

export interface SimAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The body, parsed. */
  readonly json: AnyJson;
}

export interface SimCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default: `admin-token`; null: anonymous. */
  readonly token?: string | null;
}

/** One open watch: its lines, one after another. */
export interface SimWatch {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The next event; undefined: the stream ended cleanly. Rejects when the connection broke. */
  next(): Promise<AnyJson>;
  /** All that comes until the end. */
  rest(): Promise<AnyJson[]>;
  close(): void;
}

/** A plain HTTPS client of a simulated API server. */
export class SimClient {
  readonly #server: Pick<SimApiServer, "url" | "ca">;
  readonly #agent: Agent;

  constructor(server: Pick<SimApiServer, "url" | "ca">) {
    this.#server = server;
    this.#agent = new Agent({ ca: server.ca, keepAlive: true });
  }

  async call(path: string, call: SimCall = {}): Promise<SimAnswer> {
    const response = await this.#send(path, call);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      bytes,
      get json(): unknown {
        return JSON.parse(bytes.toString());
      },
    };
  }

  async watch(path: string, call: SimCall = {}): Promise<SimWatch> {
    const response = await this.#send(path, call);
    response.setEncoding("utf8");
    const lines = linesOf(response);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      async next() {
        const { done, value } = await lines.next();
        return done === true ? undefined : JSON.parse(value);
      },
      async rest() {
        const all = [];
        for await (const line of lines) all.push(JSON.parse(line));
        return all;
      },
      close: () => response.destroy(),
    };
  }

  /** Reads a body as it comes, up to its end. */
  async bytes(path: string, take: (chunk: string) => void): Promise<void> {
    const response = await this.#send(path, {});
    response.setEncoding("utf8");
    for await (const chunk of response as AsyncIterable<string>) take(chunk);
  }

  async #send(
    path: string,
    { body, headers = {}, method = "GET", token = "admin-token" }: SimCall,
  ): Promise<IncomingMessage> {
    const text = body === undefined || typeof body === "string" || body instanceof Buffer ? body : JSON.stringify(body);
    const sent = request(new URL(path, this.#server.url), {
      agent: this.#agent,
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(text === undefined
          ? {}
          : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
        ...headers,
      },
    });
    sent.end(text);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return response;
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void> {
  let rest = "";
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") throw new Error(`the stream ended within a line: ${rest}`);
}
