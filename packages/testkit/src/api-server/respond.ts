import type { ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { acceptsGzip, GZIP_LEVEL, GZIP_THRESHOLD_BYTES } from "@krm/apimachinery";

const compress = promisify(gzip);

/** Go's server knows the length of what fits its buffer; a longer answer goes out in chunks. */
const LENGTH_KNOWN_BYTES = 2048;

/** An answer that is complete before it is sent. */
export interface Answer {
  readonly status: number;
  readonly body: string | Buffer | readonly Buffer[];
  /** Default: `application/json`. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends an answer with the headers that kube-apiserver sends. Resolves when it is handed to the socket. */
export async function respond(
  response: ServerResponse,
  answer: Answer,
  request: { readonly acceptEncoding: string; readonly head: boolean },
): Promise<void> {
  let body = bodyBytes(answer.body);
  response.statusCode = answer.status;
  response.setHeader("cache-control", "no-cache, private");
  response.setHeader("content-type", answer.contentType ?? "application/json");
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (body.length >= GZIP_THRESHOLD_BYTES && acceptsGzip(request.acceptEncoding)) {
    body = await compress(body, { level: GZIP_LEVEL });
    response.setHeader("content-encoding", "gzip");
    response.setHeader("vary", "Accept-Encoding");
  }
  if (body.length <= LENGTH_KNOWN_BYTES) response.setHeader("content-length", body.length);
  if (response.destroyed) return;
  if (request.head || body.length <= LENGTH_KNOWN_BYTES) {
    response.end(request.head ? undefined : body);
    return;
  }
  // Written before the end, and so without a length: in chunks.
  response.write(body);
  response.end();
}

function bodyBytes(body: Answer["body"]): Buffer {
  if (typeof body === "string") return Buffer.from(body);
  return body instanceof Buffer ? body : Buffer.concat(body as readonly Buffer[]);
}
