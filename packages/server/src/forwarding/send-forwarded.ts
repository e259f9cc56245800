import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { type Clock, within } from "@krm/core";
import { HEADERS } from "@krm/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { allowSilence, breakOff, drained, isGone } from "../answer/connection.ts";
import { tellStream } from "../answer/streamed-bytes.ts";
import { answeredHeaders, AUDIT_ID } from "./passed-headers.ts";
import type { UpstreamAnswer } from "./upstream.ts";

/** The pace of a reader. */
interface Pace {
  readonly clock: Clock;
  /** Who takes nothing for this long is cut off. Milliseconds. */
  readonly stallMs: number;
}

/**
 * Sends an answer of the API server as it comes, at the pace of its reader. One that breaks off ends in a broken
 * connection. Never rejects for either; `onSend` hooks do not see it.
 */
export async function sendForwarded(
  answer: UpstreamAnswer,
  to: Pace & {
    readonly request: FastifyRequest;
    readonly reply: FastifyReply;
    readonly endless: boolean;
    /** Of a redirect. */
    readonly location: string | undefined;
  },
): Promise<void> {
  const { endless, location, reply, request } = to;
  const { vary, ...told } = answeredHeaders(answer);
  if (reply.hasHeader(AUDIT_ID)) delete told[AUDIT_ID];
  const varies = new Set(["Authorization", ...String(vary ?? "").split(",")].map((name) => name.trim()));
  varies.delete("");
  reply
    .code(answer.status)
    .headers(told)
    .header("vary", [...varies].join(", "))
    .header(HEADERS.forwarded, "true");
  if (location !== undefined) reply.header("location", location);
  reply.hijack();
  const { raw } = reply;
  if (isGone(raw)) return;
  try {
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
    if (endless) {
      allowSilence(raw);
      raw.flushHeaders();
    }
    const stream = { sent: 0 };
    if (endless) tellStream(raw, stream);
    const length = saidLength(told["content-length"], answer.status);
    if (request.method !== "HEAD") await writeAll(raw, answer.body, { length, stream }, to);
    raw.end();
    await inTime(drained(raw, "finish"), to);
  } catch {
    if (!isGone(raw)) breakOff(raw);
  }
}

/** The bytes that an answer said it has; undefined: it said nothing, or has none of them. */
function saidLength(said: string | string[] | undefined, status: number): number | undefined {
  return said === undefined || status === 204 || status === 304 ? undefined : Number(said);
}

/**
 * Breaks off what is not as long as was said: the reader would take the rest for the next answer, or wait for it.
 *
 * @throws Error
 */
async function writeAll(
  raw: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  { length, stream }: { readonly length: number | undefined; readonly stream: { sent: number } },
  pace: Pace,
): Promise<void> {
  for await (const chunk of body) {
    if (isGone(raw)) return;
    stream.sent += chunk.byteLength;
    if (length !== undefined && stream.sent > length) throw new Error(`an answer of ${length} bytes has more`);
    if (!raw.write(chunk)) await inTime(drained(raw, "drain"), pace);
  }
  if (length !== undefined && stream.sent < length) throw new Error(`an answer of ${length} bytes has ${stream.sent}`);
}

/** Waits for a reader. @throws Error where it takes nothing for too long */
async function inTime(done: Promise<void>, { clock, stallMs }: Pace): Promise<void> {
  await within(
    stallMs,
    { clock },
    () => new Error("the reader takes nothing"),
    async () => done,
  );
}
