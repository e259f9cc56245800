import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/**
 * Where a request came from, as the API server tells it: whom proxies name (anyone can write those headers), and last the
 * other end of the connection.
 */
export function sourceIps(headers: IncomingHttpHeaders, remote: string | undefined): readonly string[] {
  const chain = textOf(headers["x-forwarded-for"]).split(",").map(plain).filter(isAddress);
  const real = plain(textOf(headers["x-real-ip"]));
  if (isAddress(real) && !chain.includes(real)) chain.push(real);
  const last = plain(remote ?? "");
  if (isAddress(last) && chain.at(-1) !== last) chain.push(last);
  return chain;
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/** IPv4 as such, also where the socket speaks IPv6. */
function plain(address: string): string {
  const text = address.trim();
  const inner = text.toLowerCase().startsWith("::ffff:") ? text.slice("::ffff:".length) : "";
  return isIP(inner) === 4 ? inner : text;
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : (header?.join(",") ?? "");
}
