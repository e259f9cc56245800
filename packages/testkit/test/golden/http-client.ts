import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { once } from "node:events";
import type { SimApiServer } from "@krm/testkit";
import type { RecordedRequest } from "./scenario.ts";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const HEADERS = ["cache-control", "content-type", "retry-after", "transfer-encoding", "vary"];

/** Sends recorded requests to a simulated API server. */
export class GoldenClient {
  readonly #agent: Agent;
  readonly #server: SimApiServer;

  constructor(server: SimApiServer) {
    this.#server = server;
    this.#agent = new Agent({ ca: server.ca, keepAlive: true });
  }

  /** Resolves when the headers have come; `done` when the body is complete. */
  async open(recorded: RecordedRequest, body: string | undefined): Promise<{ done: Promise<Answer> }> {
    const headers: Record<string, string> = { "user-agent": "recorder/1.0", ...recorded.headers };
    if (recorded.anonymous !== true) headers["authorization"] = `Bearer ${token(recorded.as ?? "admin")}`;
    if (body !== undefined) {
      headers["content-type"] ??= "application/json";
      headers["content-length"] = String(Buffer.byteLength(body));
    }
    const sent = request(new URL(recorded.path, this.#server.url), {
      agent: this.#agent,
      method: recorded.method,
      headers,
    });
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return { done: read(response) };
  }

  close(): void {
    this.#agent.destroy();
  }
}

function token(as: string): string {
  return as === "wrong" ? "nobody-holds-this" : `${as}-token`;
}

async function read(response: IncomingMessage): Promise<Answer> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response as AsyncIterable<string>) text += chunk;
  const headers: Record<string, string> = {};
  for (const name of HEADERS) {
    const value = response.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  return { status: response.statusCode ?? 0, headers, text };
}
