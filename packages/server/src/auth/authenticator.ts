import type { CallOptions } from "@krm/core";

/** Who asks. */
export interface Identity {
  readonly user: string;
  /** Left out: in none. */
  readonly groups?: readonly string[] | undefined;
  readonly uid?: string | undefined;
  /** What else the cluster knows of the user, and decides by. */
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Tells who a bearer token belongs to. */
export interface Authenticator {
  /**
   * Undefined: nobody; the reader gets a 401. Rejecting is a failure of the server, and nobody is let in either: a
   * `StatusError` 503 goes to the reader as it is, anything else is a 500 that tells nothing. The token is a secret: it
   * goes into no message.
   *
   * @param options Its signal aborts when the reader has left.
   */
  authenticate(token: string, options?: CallOptions): Promise<Identity | undefined>;
}

/** The token of an `Authorization: Bearer …` header; undefined where there is none, or more than one word. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header.length < 8 || header.slice(0, 7).toLowerCase() !== "bearer ") return undefined;
  const token = header.slice(7).trim();
  return token === "" || /\s/u.test(token) ? undefined : token;
}
