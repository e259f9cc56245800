import { once } from "node:events";
import { createServer } from "node:net";
import { formatHostPort, type HostPort } from "../../options/listen-address.ts";
import type { Check } from "../check.ts";
import { failed, type Finding, ok } from "../finding.ts";

const REFUSALS: Readonly<Record<string, readonly [problem: string, mend: string]>> = {
  EADDRINUSE: ["the port is in use", "Stop what uses it (ss -ltnp), or name another port."],
  EADDRNOTAVAIL: ["this machine has no such address", "Name an address of it, or 0.0.0.0 for all."],
  EACCES: ["this user may not use the port", "Name a port from 1024 on."],
  ENOTFOUND: ["the name does not resolve", "Name an address."],
};

/** An address to serve on: is it there, and free. */
export function listenCheck(flag: "--listen" | "--health-listen", address: HostPort): Check {
  return { name: flag.slice(2), after: [], run: async () => [await tryAddress(flag, address)] };
}

async function tryAddress(flag: string, address: HostPort): Promise<Finding> {
  const where = formatHostPort(address);
  const server = createServer();
  try {
    server.listen({ host: address.host, port: address.port });
    await once(server, "listening");
    return ok(`${where} is free`);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const [problem, mend] = REFUSALS[code] ?? [message, `Name another address with ${flag}.`];
    return failed(`${where}: ${problem}`, mend);
  } finally {
    server.close();
  }
}
