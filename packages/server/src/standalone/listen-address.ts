import { isIP, isIPv6 } from "node:net";
import { KrmError } from "@krm/core";

/** Where a server listens. */
export interface ListenAddress {
  /** An IP address, or a name that resolves to one of this machine's. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Whether only this machine can reach an address. Names other than `localhost` count as reachable by others. */
export function isLoopback(host: string): boolean {
  const plain = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  const lower = plain.toLowerCase();
  if (lower === "localhost") return true;
  if (isIP(lower) === 0) return false;
  const v4 = lower.startsWith("::ffff:") ? lower.slice("::ffff:".length) : lower;
  return v4 === "::1" || (isIP(v4) === 4 && v4.startsWith("127."));
}

/** `http://127.0.0.1:8003`, `https://[::1]:8443`. */
export function urlOf(address: ListenAddress, secure: boolean): string {
  const host = isIPv6(address.host) ? `[${address.host}]` : address.host;
  return `${secure ? "https" : "http"}://${host}:${address.port}`;
}

/** The name in a `Host` header, without the port. */
export function hostName(header: string): string {
  if (header.startsWith("[")) return header.slice(0, header.indexOf("]") + 1);
  const colon = header.indexOf(":");
  return colon < 0 ? header : header.slice(0, colon);
}

/** Why listening failed, in one line with a mend. */
export function listenError(error: unknown, address: ListenAddress): KrmError {
  const where = `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const [problem, hint] = reason(code, error);
  return new KrmError("KRM_LISTEN", `cannot listen on ${where}: ${problem}`, { cause: error, hint });
}

function reason(code: unknown, error: unknown): readonly [problem: string, hint: string] {
  switch (code) {
    case "EADDRINUSE":
      return ["the port is in use", "Stop what uses it, or listen on another port (0 takes any free one)."];
    case "EADDRNOTAVAIL":
      return ["this machine has no such address", "Listen on one of its own addresses, such as 127.0.0.1."];
    case "EACCES":
      return ["this process may not use the port", "Listen on a port above 1023."];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ["the name does not resolve", "Give an IP address of this machine, such as 127.0.0.1."];
    default:
      return [error instanceof Error ? error.message : String(error), "Check the address."];
  }
}
