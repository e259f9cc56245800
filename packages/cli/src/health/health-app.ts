import Fastify, { type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { ReadinessCheck } from "./readiness.ts";

/** What is told of a process to those who look after it. */
export interface Health {
  /** How long ago the process last showed that it goes on, in milliseconds. */
  readonly silentMs: () => number;
  /** The loops that hang, one line each; empty: none. @default none is watched */
  readonly stuck?: (() => readonly string[]) | undefined;
  readonly checks: () => readonly ReadinessCheck[];
  readonly metrics: Pick<Registry, "contentType" | "metrics">;
}

/** A process that has not come round for this long hangs. The news come round every second. */
const HANGS_MS = 30_000;

/** A request has to arrive within this, headers and all. */
const REQUEST_MS = 10_000;

/**
 * What looks after a process that serves no readers there: `/livez` (a restart would help, where it fails), `/readyz` (with a
 * line for each scope when it is not, or for `?verbose`) and `/metrics`. Nothing of the cluster's objects, so there is no authentication.
 */
export function healthApp({ silentMs, stuck = () => [], checks, metrics }: Health): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true, requestTimeout: REQUEST_MS });
  app.addHook("onRequest", async (_request, reply) => {
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
  });
  app.get("/livez", async (_request, reply) => {
    reply.type("text/plain; charset=utf-8");
    const hanging = silentMs() > HANGS_MS ? ["the process hangs"] : stuck();
    if (hanging.length === 0) return "ok";
    return reply.code(503).send(`${hanging.join("\n")}\n`);
  });
  app.get("/readyz", async (request, reply) => {
    const found = checks();
    const ready = found.every((check) => check.ready);
    reply.type("text/plain; charset=utf-8").code(ready ? 200 : 503);
    if (ready && !Object.hasOwn(request.query as object, "verbose")) return "ok";
    const lines = found.map(({ ready, line }) => `[${ready ? "+" : "-"}]${line}`);
    return `${[...lines, ready ? "readyz check passed" : "readyz check failed"].join("\n")}\n`;
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  app.setNotFoundHandler(async (request, reply) => {
    reply.type("text/plain; charset=utf-8");
    const known = ["/livez", "/readyz", "/metrics"].includes(request.url.split("?")[0] ?? "");
    if (known) return reply.code(405).header("allow", "GET, HEAD").send("only GET and HEAD\n");
    return reply.code(404).send("there are /livez, /readyz and /metrics\n");
  });
  return app;
}
