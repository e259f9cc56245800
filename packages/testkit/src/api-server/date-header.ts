import type { ServerResponse } from "node:http";
import type { Clock } from "@krm/core";

/**
 * Gives a response the `Date` header that Go's server gives: the second in which its head is sent, which may be long
 * after the request came. Node.js' own header would be the machine's time.
 */
export function dateHead(response: ServerResponse, clock: Clock): void {
  response.sendDate = false;
  // Node.js calls it too, for a head that nobody writes expressly.
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = (...head: unknown[]) => {
    response.setHeader("date", new Date(clock.now()).toUTCString());
    return writeHead(...head);
  };
}
