import { once } from "node:events";
import { createServer } from "node:net";
import { threadId } from "node:worker_threads";
import { KrmError } from "@krm/core";

/**
 * Below what systems give to outgoing connections (from 32768 on Linux, from 49152 elsewhere): a server that is down for
 * a while must find its port again, and a client that tries to reach it must not connect to itself.
 */
const FIRST = 12_000;
const COUNT = 10_000;
/** Where the bus of a Redis Cluster is, seen from the port of its node. */
const BUS_OFFSET = 10_000;

// Processes that start one after the other begin far apart.
let next = (process.pid * 7919 + threadId * 101) % COUNT;

/**
 * A port of 127.0.0.1 on which nothing listens now, below 22000; never the same twice in a process, until all have been
 * given. Nothing keeps it free. With `bus`, the port 10000 above it is free as well.
 */
export async function freePort(options: { readonly bus?: boolean } = {}): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if ((await isFree(port)) && (options.bus !== true || (await isFree(port + BUS_OFFSET)))) return port;
  }
  throw new KrmError("KRM_LISTEN", `no port from ${FIRST} to ${FIRST + COUNT - 1} of 127.0.0.1 is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen({ port, host: "127.0.0.1", exclusive: true }), "listening");
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
