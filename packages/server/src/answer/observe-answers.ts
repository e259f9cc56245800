import type { Clock } from "@krm/core";
import { HEADERS, KUBERNETES_PATHS, PATHS } from "@krm/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ScopeWatches } from "../watch/watch-tally.ts";
import { streamedBytes } from "./streamed-bytes.ts";

/** Which of KRM's routes a request was for; `other`: none of them. Never what a reader wrote. */
export type AnswerRoute =
  | "/"
  | "/:resource"
  | "/page/:file"
  | (typeof PATHS)[keyof typeof PATHS]
  /** With everything below it. */
  | (typeof KUBERNETES_PATHS)[keyof typeof KUBERNETES_PATHS]
  | "other";

/** A request that is over. */
export interface AnsweredRequest {
  readonly route: AnswerRoute;
  /** One of those that Node.js knows. */
  readonly method: string;
  /** The status that was sent; where the reader left first, the one that was going to be, 200 if none was settled. */
  readonly status: number;
  /** The whole answer has been handed to the system. False: the reader left before; over HTTP/2 that is not told. */
  readonly complete: boolean;
  /** It was answered with a stream of events, or of what the API server has to tell: `seconds` is how long that has gone on. */
  readonly watch: boolean;
  /** From the request's headers to the end of its answer, at the reader's pace. */
  readonly seconds: number;
  /** Of the body, that were sent; where the reader left, or the body was compressed on its way, at most. */
  readonly bytes: number;
  /** The answer is the API server's, to which the request was sent on. */
  readonly forwarded: boolean;
}

/** Hears of every request, on the way of its answer: must be quick, and must not throw. */
export interface RequestObserver {
  /** A request has come. */
  began(): void;
  /** It is over, whether it was answered or its reader has left. Once for each that began. */
  answered(request: AnsweredRequest): void;
  /** Is given, when the server is made, what tells at any time of its watches: of each scope that has had one, or may. */
  watches?(read: () => readonly ScopeWatches[]): void;
}

const ROUTES: ReadonlySet<string> = new Set<AnswerRoute>([
  "/",
  "/:resource",
  "/page/:file",
  ...Object.values(PATHS),
  ...Object.values(KUBERNETES_PATHS),
]);

/**
 * Tells an observer of every request to an instance, those included that other hooks refuse: to be called before any
 * of them is added.
 */
export function observeAnswers(app: FastifyInstance, observer: RequestObserver, clock: Clock): void {
  const observe = answerObserver(observer, clock, app.prefix.replace(/\/$/, ""));
  app.addHook("onRequest", (request, reply, done) => {
    observe(request, reply);
    done();
  });
}

/** Tells of one request, from now on. */
export function answerObserver(
  observer: RequestObserver,
  clock: Clock,
  prefix: string = "",
): (request: FastifyRequest, reply: FastifyReply) => void {
  return (request, reply) => {
    const began = clock.monotonic();
    const { raw } = reply;
    const { socket } = request.raw;
    // Streams of HTTP/2 share their socket.
    const before = request.raw.httpVersionMajor === 1 ? socket.bytesWritten : undefined;
    let complete = false;
    observer.began();
    raw.once("finish", () => (complete = true));
    raw.once("close", () => {
      const { method } = request;
      const sent = before === undefined ? 0 : socket.bytesWritten - before;
      const forwarded = reply.hasHeader(HEADERS.forwarded);
      // What is compressed on its way, or ends when it ends, has no length.
      const unknown = forwarded || reply.hasHeader("content-encoding") ? sent : 0;
      const length = method === "HEAD" ? 0 : Number(reply.getHeader("content-length") ?? unknown);
      const taken = complete ? length : Math.min(length, sent);
      const streamed = streamedBytes(raw);
      observer.answered({
        route: routeOf(request, prefix),
        method,
        status: reply.statusCode,
        complete,
        watch: streamed !== undefined,
        seconds: (clock.monotonic() - began) / 1000,
        bytes: Math.max(0, streamed ?? taken),
        forwarded,
      });
    });
  };
}

/** Which of the routes below a prefix a request is for. */
export function routeOf({ routeOptions: { url } }: Pick<FastifyRequest, "routeOptions">, prefix: string): AnswerRoute {
  if (url === undefined || !url.startsWith(prefix)) return "other";
  const route = url.slice(prefix.length).replace(/\/\*$/u, "") || "/";
  return ROUTES.has(route) ? (route as AnswerRoute) : "other";
}
