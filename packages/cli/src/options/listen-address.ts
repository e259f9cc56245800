import { isIPv6 } from "node:net";
import { ParseError } from "./parse-error.ts";

/** Where to listen. */
export interface HostPort {
  /** Without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT`; an IPv6 address stands in brackets.
 *
 * @example
 * parseHostPort("[::1]:8003") // { host: "::1", port: 8003 }
 * @throws ParseError
 */
export function parseHostPort(text: string): HostPort {
  const bracketed = /^\[([^\]]*)\]:(\d{1,5})$/.exec(text);
  const plain = /^([A-Za-z0-9._-]+):(\d{1,5})$/.exec(text);
  const [, host = "", digits = ""] = bracketed ?? plain ?? [];
  const port = Number(digits);
  if (host === "" || port > 65_535 || (bracketed !== null && !isIPv6(host))) {
    throw new ParseError(
      `${JSON.stringify(text)} is not an address: write HOST:PORT, such as 127.0.0.1:8003 or [::1]:8003 (port 0: any free one)`,
    );
  }
  return { host, port };
}

/** Writes an address as {@link parseHostPort} reads it. */
export function formatHostPort({ host, port }: HostPort): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
