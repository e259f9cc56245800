import { statusError } from "@krm/apimachinery";
import type { FastifyInstance } from "fastify";
import { hostName, isLoopback } from "./listen-address.ts";

/**
 * Refuses requests whose `Host` is not this machine. A web page can make its own name resolve to 127.0.0.1 (DNS
 * rebinding) and then read what a server without authentication answers; its name in `Host` gives it away.
 */
export function guardHost(app: FastifyInstance): void {
  app.addHook("onRequest", async (request) => {
    const { host } = request.headers;
    // HTTP/1.0 may leave it out, and no browser speaks that.
    if (host === undefined || isLoopback(hostName(host))) return;
    throw statusError({
      code: 403,
      reason: "Forbidden",
      message:
        `host ${JSON.stringify(host.slice(0, 64))} is not this machine: a server without authentication answers to ` +
        "localhost, 127.0.0.1 and [::1] only; set its authentication (or none, in so many words) to use other names",
    });
  });
}
