import type { ServerResponse } from "node:http";

/** What is told of a stream. */
export interface ToldStream {
  /** The bytes that were sent of it, without the frames of HTTP. */
  readonly sent: number;
}

const streams = new WeakMap<ServerResponse, ToldStream>();

/** Says that a response is a stream, which goes on until somebody ends it. */
export function tellStream(raw: ServerResponse, told: ToldStream): void {
  streams.set(raw, told);
}

/** What was sent of the stream on a response, without the frames of HTTP; undefined: it has none. Where the reader left: at most. */
export function streamedBytes(raw: ServerResponse): number | undefined {
  return streams.get(raw)?.sent;
}
