import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** A request, as it came. */
export interface FakeRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Of a write. */
  readonly lines: readonly string[];
}

/** What is answered: an answer, or something odd. */
export type FakeAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Nothing, ever. */
  | "hang"
  /** The connection is broken instead of an answer. */
  | "cut"
  /** … within the answer, whose headers say 400 and more body than comes. */
  | "cut-within"
  /** The headers come, the body never does. */
  | "hang-within";

/** Decides what is answered to a write, and to a statement. */
export type FakeBehaviour = (request: FakeRequest, index: number) => FakeAnswer;

const WRITTEN: FakeAnswer = { status: 204 };

/** A server on loopback that answers as it is told: 204 to writes, success to statements, until told otherwise. */
export class FakeInflux implements AsyncDisposable {
  readonly #server: Server;
  readonly writes: FakeRequest[] = [];
  readonly statements: FakeRequest[] = [];
  onWrite: FakeBehaviour = () => WRITTEN;
  onStatement: FakeBehaviour = () => ({ status: 200, body: '{"results":[{"statement_id":0}]}' });
  readonly #waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async start(port = 0): Promise<FakeInflux> {
    const server = createServer();
    const fake = new FakeInflux(server);
    await once(server.listen(port, "127.0.0.1"), "listening");
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Every line of every write that was answered 204, in order. */
  readonly written: string[] = [];

  /** Resolves once that many writes have come. */
  async untilWrites(count: number): Promise<void> {
    if (this.writes.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.add({ count, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const body = (request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw).toString("utf8");
    const path = request.url ?? "";
    const seen: FakeRequest = { path, headers: request.headers, body, lines: body.split("\n") };
    const isStatement = path.startsWith("/query");
    const list = isStatement ? this.statements : this.writes;
    list.push(seen);
    const answer = (isStatement ? this.onStatement : this.onWrite)(seen, list.length - 1);
    if (!isStatement && answer !== "hang" && typeof answer === "object" && answer.status === 204)
      this.written.push(...seen.lines);
    send(answer, response);
    for (const wait of this.#waiting) {
      if (this.writes.length < wait.count) continue;
      this.#waiting.delete(wait);
      wait.resolve();
    }
  }
}

function send(answer: FakeAnswer, response: ServerResponse): void {
  switch (answer) {
    case "hang":
      return;
    case "cut":
      response.destroy();
      return;
    case "cut-within":
      response.writeHead(400, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"error":"partial wr', () => response.destroy());
      return;
    case "hang-within":
      response.writeHead(400, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"error":"partial wr');
      return;
    default:
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(answer.body);
  }
}
