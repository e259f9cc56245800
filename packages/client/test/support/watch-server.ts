import { TRUSTED } from "./server.ts";

/** A request for a watch that was sent by a fake `fetch`, to be answered by hand. */
export interface WatchRequest {
  readonly url: URL;
  readonly authorization: string | null;
  /** The request was broken off. */
  readonly signal: AbortSignal;
  /** How often the body was asked for more. */
  readonly pulls: number;
  /** Resolves when somebody waits for what is to come. */
  untilAwaited(): Promise<void>;
  /** Answers 200, and sends these frames. */
  answer(...frames: readonly object[]): void;
  /** Answers as told. */
  respond(response: Response): void;
  /** It cannot be reached. */
  refuse(): void;
  /** Sends frames, each a line. */
  send(...frames: readonly object[]): void;
  /** Sends bytes as they are. */
  raw(bytes: Uint8Array | string): void;
  /** Ends in good order. */
  end(): void;
  /** The connection breaks. */
  cut(): void;
}

/** A `fetch` whose every request waits for an answer. */
export interface WatchServer {
  readonly fetch: typeof globalThis.fetch;
  /** The next request that nobody has taken yet. */
  next(): Promise<WatchRequest>;
  readonly requests: readonly WatchRequest[];
}

/** Makes one. */
export function watchServer(): WatchServer {
  const requests: WatchRequest[] = [];
  const untaken: WatchRequest[] = [];
  const waiting: ((request: WatchRequest) => void)[] = [];
  return {
    requests,
    next: () => {
      const request = untaken.shift();
      return request === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(request);
    },
    fetch: (input, init) => {
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      const signal = init?.signal ?? new AbortController().signal;
      const asked = new Request(input instanceof Request ? input.url : input, { headers: init?.headers ?? {} });
      const request = requestOf(asked, signal, resolve, reject);
      requests.push(request);
      const taker = waiting.shift();
      if (taker === undefined) untaken.push(request);
      else taker(request);
      return promise;
    },
  };
}

function requestOf(
  asked: Request,
  signal: AbortSignal,
  resolve: (response: Response) => void,
  reject: (reason: unknown) => void,
): WatchRequest {
  let pulls = 0;
  let awaited = Promise.withResolvers<void>();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start: (made) => {
        controller = made;
      },
      pull: () => {
        pulls++;
        awaited.resolve();
      },
    },
    { highWaterMark: 0 },
  );
  const abort = (): void => {
    reject(signal.reason);
    controller?.error(signal.reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  const raw = (bytes: Uint8Array | string): void => {
    awaited = Promise.withResolvers();
    controller?.enqueue(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  };
  const send = (...frames: readonly object[]): void => {
    for (const frame of frames) raw(`${JSON.stringify(frame)}\n`);
  };
  return {
    url: new URL(asked.url),
    authorization: asked.headers.get("authorization"),
    signal,
    get pulls() {
      return pulls;
    },
    untilAwaited: async () => awaited.promise,
    answer: (...frames) => {
      resolve(new Response(body, { headers: { "content-type": "application/json", ...TRUSTED } }));
      send(...frames);
    },
    respond: resolve,
    refuse: () => reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") })),
    send,
    raw,
    end: () => controller?.close(),
    cut: () => controller?.error(new TypeError("terminated", { cause: new Error("other side closed") })),
  };
}

/** A pod as a watch tells it. */
export function pod(name: string, resourceVersion: string, labels: Record<string, string> = {}): object {
  const metadata = { name, namespace: "team-a", uid: name, resourceVersion, labels };
  return { kind: "Pod", apiVersion: "v1", metadata: { ...metadata, creationTimestamp: "2025-06-01T10:00:00Z" } };
}

/** A change of an object. */
export const change = (type: "ADDED" | "MODIFIED" | "DELETED", object: object): object => ({ type, object });

/** A bookmark; `end`: the one after the initial events. */
export const bookmark = (resourceVersion: string, end = false): object => ({
  type: "BOOKMARK",
  object: {
    kind: "Pod",
    apiVersion: "v1",
    metadata: { resourceVersion, ...(end && { annotations: { "k8s.io/initial-events-end": "true" } }) },
  },
});

/** An error inside of a watch. */
export const failed = (code: number, reason: string, message: string, retryAfterSeconds?: number): object => ({
  type: "ERROR",
  object: {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    code,
    reason,
    message,
    ...(retryAfterSeconds !== undefined && { details: { retryAfterSeconds } }),
  },
});
