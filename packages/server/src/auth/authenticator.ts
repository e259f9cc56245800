/** Who asks. */
export interface Identity {
  readonly user: string;
}

/** Tells who a bearer token belongs to. */
export interface Authenticator {
  /**
   * Undefined: nobody; the reader gets a 401. Rejecting is a failure of the server, and nobody is let in either.
   * The token is a secret: it goes into no message.
   */
  authenticate(token: string): Promise<Identity | undefined>;
}

/** The token of an `Authorization: Bearer …` header; undefined where there is none. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header.length < 8 || header.slice(0, 7).toLowerCase() !== "bearer ") return undefined;
  const token = header.slice(7).trim();
  return token === "" ? undefined : token;
}
