/** A read that is sent on in the name of its caller. */
export interface UpstreamRequest {
  readonly method: "GET" | "HEAD";
  /** Path and query, from `/api`, `/apis`, `/openapi` or `/version` on. Percent-encoded, without empty or dotted segments. */
  readonly target: string;
  /** Names are in lower case. None of them says who asks, but for those that ask to impersonate. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The caller's bearer token; undefined: they are anonymous. A secret: it goes into no message. */
  readonly token: string | undefined;
  /** The answer may be silent for as long as it likes, as a watch is. */
  readonly endless: boolean;
  /** Ends the request, and its answer: the caller has left, or waited long enough. */
  readonly signal: AbortSignal;
}

/** What the API server answers, as it comes. */
export interface UpstreamAnswer {
  readonly status: number;
  /** Names are in lower case; a value has a character for each byte, as Node.js has them. `location` is a path below the API server's own, and is left out where it leads elsewhere. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it was sent: still compressed. Throws where it breaks off; is read at the pace of the caller. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * An API server to which reads of what is not watched are sent on; `@krm/kubernetes` has one over HTTP. It must ask as
 * the caller and nobody else: with the token it is given, and with no credential, certificate or connection of its own.
 * It must follow no redirect.
 */
export interface Upstream {
  /** Resolves when the answer has begun, whatever its status; rejects where there is none. How long that may take is the asker's to say. */
  read(request: UpstreamRequest): Promise<UpstreamAnswer>;
}
