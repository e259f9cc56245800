import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { KrmError, type Logger, type Moment } from "@krm/core";
import type { Dispatcher } from "undici";
import { Agents, type Purpose } from "./agents.ts";
import { connectionError } from "./connection-error.ts";
import type { Credentials, Identity } from "./credentials.ts";
import { isLoopback } from "./loopback.ts";
import type { ServerClock } from "./server-clock.ts";
import { statusError } from "./status-error.ts";

/** One request: a GET, unless it says otherwise. */
export interface ApiRequest {
  /** What is written, and how. */
  readonly write?:
    | { readonly method: "POST" | "PATCH"; readonly contentType: string; readonly body: string }
    | undefined;
  readonly purpose: Purpose;
  /** From `/api` or `/apis` on. */
  readonly path: string;
  readonly query?: URLSearchParams | undefined;
  /** Default: `application/json`. */
  readonly accept?: string | undefined;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Over a connection that this request alone uses. Default: over one of the pool of its purpose. */
  readonly elsewhere?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer. */
export interface ApiAnswer {
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly body: Buffer;
}

/** kube-apiserver gives up on a request after 60 s. Watches are accepted at once, or after a cache has filled. */
const HEADERS_TIMEOUT_MS = 75_000;
/** Between two parts of an answer. Silence of a watch is judged by who watches. */
const BODY_TIMEOUT_MS: Readonly<Record<Purpose, number>> = { watch: 0, list: 60_000, get: 60_000, write: 60_000 };
/** Of the body of an error. */
const ERROR_BODY_BYTES = 64 * 1024;
const ERROR_BODY_MS = 10_000;
/** An exec plugin may ask a person or a slow server; one that hangs must be told. */
const CREDENTIALS_TIMEOUT_MS = 60_000;

const inflate = promisify<Uint8Array, Buffer>(gunzip);

/** Requests to one API server, with fresh credentials and errors that say what is wrong. */
export class ApiTransport {
  /** What the answers have shown of the API server's clock. */
  readonly serverClock: ServerClock;
  readonly #credentials: Credentials;
  readonly #agents = new Agents();
  readonly #userAgent: string;
  readonly #logger: Logger;
  /** On this machine compression only costs time. */
  readonly #encoding: string;

  constructor(credentials: Credentials, userAgent: string, logger: Logger, serverClock: ServerClock) {
    this.serverClock = serverClock;
    this.#credentials = credentials;
    this.#userAgent = userAgent;
    this.#logger = logger;
    this.#encoding = isLoopback(credentials.server.hostname) ? "identity" : "gzip";
  }

  /** Sends a request and reads the whole answer. Errors are as {@link ApiTransport.open}'s. */
  async read(request: ApiRequest): Promise<ApiAnswer> {
    const { headers, body } = await this.open(request, this.#encoding);
    const name = this.name(request);
    const bytes = await this.#whole(body, name, request.signal);
    const encoding = headers["content-encoding"] ?? "identity";
    if (encoding === "identity") return { headers, body: bytes };
    if (encoding !== "gzip")
      throw new KrmError("KRM_DECODE", `${name} was answered in the encoding ${String(encoding)}`);
    try {
      return { headers, body: await inflate(bytes) };
    } catch (cause) {
      throw new KrmError("KRM_DECODE", `${name}: the answer cannot be decompressed: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /**
   * Sends a request; resolves when the answer has begun, and it is 200 (or 201) and JSON. A 401 is tried once more, with credentials
   * read anew.
   *
   * @throws KrmError `KRM_API_STATUS`, `KRM_CONNECTION`, `KRM_INVALID_KUBECONFIG` (no credentials), `KRM_DECODE` (not
   * JSON); the signal's reason when aborted.
   */
  async open(request: ApiRequest, encoding = "identity"): Promise<Dispatcher.ResponseData> {
    const name = this.name(request);
    const identity = await this.#identity(request.signal);
    let { response, sent } = await this.#send(request, encoding, identity);
    if (response.statusCode === 401) {
      await this.#beginning(response.body, request.signal);
      this.#logger.warn({ server: this.#credentials.server.origin }, "credentials were refused; reading them anew");
      this.#credentials.reload(identity);
      ({ response, sent } = await this.#send(request, encoding, await this.#identity(request.signal)));
    }
    if (response.statusCode !== 200 && response.statusCode !== 201) {
      const { statusCode, headers } = response;
      throw statusError({ statusCode, headers, body: await this.#beginning(response.body, request.signal) }, name);
    }
    const type = response.headers["content-type"];
    if (typeof type === "string" && /^application\/(?:[\w.]+\+)?json\b/.test(type)) {
      // Errors, and pages, may be of what stands in between, and bear its time.
      this.serverClock.answered(sent, response.headers);
      return response;
    }
    response.body.on("error", () => {}).destroy();
    throw new KrmError("KRM_DECODE", `${name} was answered with ${String(type ?? "no content type")}, not with JSON`, {
      hint: `is ${this.#credentials.server.origin} an API server, and not a page in front of one?`,
    });
  }

  /** What was asked, for messages: without the query, which may hold a long token. */
  name(request: Pick<ApiRequest, "path" | "write">): string {
    return `${request.write?.method ?? "GET"} ${this.#credentials.server.origin}${this.#path(request.path)}`;
  }

  /** `error`, which came while an answer was read, as callers get it. */
  broken(error: unknown, request: Pick<ApiRequest, "path" | "signal" | "write">): unknown {
    if (request.signal?.aborted === true) return request.signal.reason;
    return connectionError(error, this.#credentials, `while reading the answer to ${this.name(request)}`);
  }

  /** Breaks all connections. What is under way ends with `KRM_CONNECTION`. */
  async close(): Promise<void> {
    await this.#agents.destroy();
  }

  async #send(
    request: ApiRequest,
    encoding: string,
    identity: Identity,
  ): Promise<{ readonly response: Dispatcher.ResponseData; readonly sent: Moment }> {
    const { purpose, path, query, accept = "application/json", headers, elsewhere = false, write, signal } = request;
    const { closed } = this.#agents;
    const search = query === undefined || query.size === 0 ? "" : `?${query.toString()}`;
    let single: Dispatcher | undefined;
    const discard = (): void => {
      if (single !== undefined) this.#agents.discard(single);
    };
    try {
      if (elsewhere) single = this.#agents.single(identity);
      const sent = this.serverClock.now();
      const response = await (single ?? this.#agents.for(purpose, identity)).request({
        origin: this.#credentials.server.origin,
        path: `${this.#path(path)}${search}`,
        method: write?.method ?? "GET",
        headers: {
          ...headers,
          ...identity.headers,
          accept,
          "accept-encoding": encoding,
          "user-agent": this.#userAgent,
          ...(write && { "content-type": write.contentType }),
        },
        ...(write && { body: write.body }),
        headersTimeout: HEADERS_TIMEOUT_MS,
        bodyTimeout: BODY_TIMEOUT_MS[purpose],
        // Tells what stands in between not to keep it either.
        ...(elsewhere && { reset: true }),
        signal: signal === undefined ? closed : AbortSignal.any([signal, closed]),
      });
      // Comes however the answer ends: read, left, or broken off.
      if (elsewhere) response.body.once("close", discard);
      return { response, sent };
    } catch (error) {
      discard();
      signal?.throwIfAborted();
      throw connectionError(error, this.#credentials, `for ${this.name(request)}`);
    }
  }

  /** An exec plugin can take its time; aborting does not wait for it, and a plugin that hangs is not started again. */
  async #identity(signal: AbortSignal | undefined): Promise<Identity> {
    signal?.throwIfAborted();
    const current = this.#credentials.current();
    const ended = Promise.withResolvers<never>();
    const abort = (): void => ended.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    const late = setTimeout(() => ended.reject(this.#credentials.late(CREDENTIALS_TIMEOUT_MS)), CREDENTIALS_TIMEOUT_MS);
    try {
      return await Promise.race([current, ended.promise]);
    } finally {
      clearTimeout(late);
      signal?.removeEventListener("abort", abort);
    }
  }

  #path(path: string): string {
    return `${this.#credentials.server.pathname.replace(/\/$/, "")}${path}`;
  }

  async #whole(body: Dispatcher.ResponseData["body"], name: string, signal: AbortSignal | undefined): Promise<Buffer> {
    try {
      return Buffer.from(await body.arrayBuffer());
    } catch (error) {
      signal?.throwIfAborted();
      throw connectionError(error, this.#credentials, `while reading the answer to ${name}`);
    }
  }

  /** The beginning of an error's body. What breaks, or stalls, there matters less than the error itself. */
  async #beginning(body: Dispatcher.ResponseData["body"], signal: AbortSignal | undefined): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    const stalled = setTimeout(() => body.destroy(), ERROR_BODY_MS);
    try {
      for await (const chunk of body) {
        chunks.push(chunk as Buffer);
        size += (chunk as Buffer).length;
        if (size >= ERROR_BODY_BYTES) break;
      }
    } catch {
      signal?.throwIfAborted();
      // What has come is all there is.
    } finally {
      clearTimeout(stalled);
    }
    return Buffer.concat(chunks);
  }
}
