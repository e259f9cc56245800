import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A request as it came in. */
export interface Received {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** A server on an ephemeral port of loopback that lives as long as the test. Answers are given in turn, the last for ever. */
export async function serve(...answers: readonly RequestListener[]): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const answer = answers[Math.min(received.length, answers.length - 1)];
    const { authorization, "if-none-match": ifNoneMatch } = request.headers;
    received.push({ url: request.url ?? "", authorization, ifNoneMatch });
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

/** Answers with JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): RequestListener {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** The trust headers of a healthy view. */
export const TRUSTED: Record<string, string> = {
  "KRM-State": "synced",
  "KRM-Verified-At": "2026-01-01T00:00:00.000Z",
  "KRM-Verified-Resource-Version": "90",
  "KRM-Streamed-Through": "101",
  "KRM-Last-Contact": "2026-01-01T00:01:00.000Z",
};

/** A list answer of a healthy view. */
export function list(kind: string, items: readonly unknown[], headers = TRUSTED, apiVersion = "v1"): RequestListener {
  return json(200, { kind, apiVersion, metadata: { resourceVersion: "100" }, items }, headers);
}

/** An error answer as KRM gives it. */
export function failure(
  code: number,
  message: string,
  { cause, headers }: { readonly cause?: string; readonly headers?: Record<string, string> } = {},
): RequestListener {
  const details = cause === undefined ? {} : { details: { causes: [{ reason: cause }] } };
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code, ...details };
  return json(code, body, headers);
}

/** Cuts the connection without an answer. */
export const cut: RequestListener = (request) => {
  request.socket.destroy();
};

/** Never answers. */
export const silence: RequestListener = () => {};
