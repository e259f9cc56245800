import type { AddressInfo } from "node:net";
import { KrmError, type Logger } from "@krm/core";
import { formatHostPort, type HostPort } from "../options/listen-address.ts";
import { type Health, healthApp } from "./health-app.ts";

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "this process may not use the port",
  ENOTFOUND: "the name does not resolve",
};

/**
 * Answers those who look after the process until it is disposed.
 *
 * @throws KrmError `KRM_LISTEN`
 */
export async function serveHealth(health: Health, address: HostPort, logger: Logger): Promise<AsyncDisposable> {
  const app = healthApp(health);
  try {
    await app.listen(address);
  } catch (error) {
    await app.close();
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new KrmError("KRM_LISTEN", `cannot listen on ${formatHostPort(address)}: ${PROBLEMS[code] ?? message}`, {
      cause: error,
      hint: "Name another address with --health-listen, such as 127.0.0.1:0 for any free port.",
    });
  }
  const { port } = app.server.address() as AddressInfo;
  logger.info({ url: `http://${formatHostPort({ host: address.host, port })}` }, "answering /livez, /readyz, /metrics");
  return { [Symbol.asyncDispose]: async () => app.close() };
}
