import { KrmClient } from "@krm/client";
import { type Freshness, isErrorBody, parseFreshness } from "@krm/protocol";

/** How the page reads from its server: as whom, and from where. */
export interface Session {
  /** Where the server is mounted, without a slash at the end. */
  readonly base: string;
  readonly token: string | undefined;
  /** Tells `opened` when a watch was let in: the server answers, whatever was thought of it. */
  readonly news: EventTarget;
  /** A client that tells of each request that was let in: a watch that goes on says nothing else. */
  client(opened: () => void): KrmClient;
  /** Asks once. @throws Refusal, or what `fetch` throws */
  get(path: string, options: GetOptions): Promise<Answer>;
}

/** How something is asked for. */
export interface GetOptions {
  readonly accept?: string;
  readonly signal: AbortSignal;
}

/** What came back. */
export interface Answer {
  readonly text: string;
  readonly freshness: Freshness | undefined;
  /** The API server's own, to which it was sent on. */
  readonly forwarded: boolean;
}

/** The server answered, but not with what was asked for. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Nothing of an answer is kept by the browser. */
const send: typeof fetch = async (input, init) => fetch(input, { ...init, cache: "no-store" });

/** @throws KrmClientError where the token would go over plain HTTP, or can be none */
export function openSession(base: string, token: string | undefined): Session {
  const news = new EventTarget();
  const client = (opened: () => void): KrmClient =>
    new KrmClient({
      url: base,
      token,
      fetch: async (input, init) => {
        const response = await send(input, init);
        if (response.ok) {
          opened();
          news.dispatchEvent(new Event("opened"));
        }
        return response;
      },
    });
  // It says at once what is wrong with the token.
  client(() => {});
  return { base, token, news, client, get: async (path, options) => get(`${base}${path}`, token, options) };
}

async function get(url: string, token: string | undefined, { accept, signal }: GetOptions): Promise<Answer> {
  const headers: Record<string, string> = { accept: accept ?? "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  const response = await send(url, { headers, signal, redirect: "manual" });
  const text = await response.text();
  if (!response.ok) throw new Refusal(response.status, messageOf(response, text));
  const forwarded = response.headers.get("KRM-Forwarded") === "true";
  return { text, freshness: parseFreshness(response.headers), forwarded };
}

function messageOf({ status, statusText }: Response, text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (isErrorBody(body)) return body.message;
  } catch {
    // Then the status says it.
  }
  return `HTTP ${status} ${statusText}`.trim();
}
