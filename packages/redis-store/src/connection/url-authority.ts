import { isIPv6 } from "node:net";
import type { Address } from "./redis-target.ts";
import { decoded, refuse } from "./url-refusal.ts";

/** What stands before the `@`. */
export interface UrlLogin {
  /** Undefined where it is empty: `:PASSWORD@`. */
  readonly user: string | undefined;
  /** `""` only where it stands so: `USER:@`. */
  readonly password: string | undefined;
}

/** Reads `[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]]`. Ports are never told: `redis://:PASSWORD` would be one. */
export function parseAuthority(
  authority: string,
  defaultPort: number,
): { readonly login: UrlLogin; readonly addresses: readonly Address[] } {
  const at = authority.lastIndexOf("@");
  const addresses = authority
    .slice(at + 1)
    .split(",")
    .map((part) => parseAddress(part, defaultPort));
  return {
    login: at === -1 ? { user: undefined, password: undefined } : parseLogin(authority.slice(0, at)),
    addresses,
  };
}

function parseLogin(text: string): UrlLogin {
  const colon = text.indexOf(":");
  const user = decoded(colon === -1 ? text : text.slice(0, colon), "the user");
  const password = colon === -1 ? undefined : decoded(text.slice(colon + 1), "the password");
  if (user === "") {
    if (password === undefined || password === "") {
      throw refuse("has nothing before the @", "write redis://USER:PASSWORD@HOST or redis://:PASSWORD@HOST");
    }
    return { user: undefined, password };
  }
  return { user, password };
}

function parseAddress(text: string, defaultPort: number): Address {
  const [, bracketed, plain = "", port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === "") throw refuse("has no host", "write redis://HOST:PORT; an IPv6 address stands in brackets");
  if (bracketed === undefined ? !/^[\w.-]+$/.test(host) : !isIPv6(host)) {
    throw refuse("has a host that cannot be one", "write a name, an IPv4 address, or an IPv6 address in brackets");
  }
  return { host, port: port === undefined ? defaultPort : parsePort(port, host) };
}

function parsePort(text: string, host: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw refuse(`has a port after ${JSON.stringify(host)} that is no number from 1 to 65535`, "write HOST:PORT");
  }
  return port;
}
