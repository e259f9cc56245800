import type { ServerResponse } from "node:http";
import { constants, type Http2Stream } from "node:http2";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { TLSSocket } from "node:tls";

/** A reader who takes nothing of an answer for this long is cut off, where nothing else is said. Milliseconds. */
export const DEFAULT_STALL_MS = 120_000;

/** A connection that is silent for this long is probed. Milliseconds. */
const KEEP_ALIVE_MS = 30_000;

/** Whether its client has left. A response over HTTP/2 says nothing of that itself, and its "close" comes only once. */
export function isGone(raw: ServerResponse): boolean {
  return raw.destroyed || ("stream" in raw && (raw.stream as Http2Stream).destroyed);
}

/**
 * Lets a response say nothing for as long as it likes. A reader who is gone without a word is found out by keep-alive
 * probes; one who takes nothing is for the caller to cut.
 */
export function allowSilence(raw: ServerResponse): void {
  if ("stream" in raw) {
    (raw.stream as Http2Stream).session?.setTimeout(0);
  } else if (raw.socket instanceof Socket) {
    raw.socket.setTimeout(0).setKeepAlive(true, KEEP_ALIVE_MS);
  }
}

/** Ends a response whose head was sent so that no reader takes it for whole. */
export function breakOff(raw: ServerResponse): void {
  if ("stream" in raw) {
    (raw.stream as Http2Stream).close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  const { req, socket } = raw;
  // To HTTP/1.0 the end of a connection is the end of an answer; a reset is not. TLS has an end of its own, which is not sent.
  const resettable = socket instanceof Socket && !(socket instanceof TLSSocket) && socket.remoteFamily !== undefined;
  if (req.httpVersion === "1.0" && resettable && !socket.destroyed) socket.resetAndDestroy();
  else raw.destroy();
}

/** What the pieces of one response go through: itself, its HTTP/2 stream, or the socket below both. */
export type Outlet = Pick<Writable, "write" | "writableLength" | "writableNeedDrain" | "once" | "off">;

/**
 * Resolves when an outlet has room again (`drain`), or all has been handed on (`finish`), or nobody is left to write to.
 *
 * @param outlet of the response. @default the response itself
 */
export async function drained(raw: ServerResponse, event: "drain" | "finish", outlet: Outlet = raw): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => resolve();
  outlet.once(event, done);
  raw.once("close", done);
  if (isGone(raw) || raw.writableFinished) resolve();
  await promise;
  outlet.off(event, done);
  raw.off("close", done);
}

/** Resolves when nothing of a response is left here: it was handed to the system whole, or its client is gone. */
export async function untilClosed(raw: ServerResponse): Promise<void> {
  if (isGone(raw)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  raw.once("close", resolve);
  await promise;
}
