import type { V1Container, V1Probe } from "@kubernetes/client-node";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { connect } from "node:net";
import { onlyFields } from "./only-fields.ts";

const FIELDS = [
  "httpGet",
  "tcpSocket",
  "exec",
  "initialDelaySeconds",
  "periodSeconds",
  "timeoutSeconds",
  "failureThreshold",
  "successThreshold",
];

/** Where a probe goes. */
export interface Probed {
  readonly container: V1Container;
  readonly address: string;
  /** Runs a command in the container; rejects when it fails. */
  readonly exec: (command: readonly string[]) => Promise<unknown>;
}

/** Makes a probe once, as a kubelet does. Resolves to what was wrong; undefined: nothing. */
export async function probe(asked: V1Probe, { container, address, exec }: Probed): Promise<string | undefined> {
  onlyFields(asked, FIELDS, `container ${container.name}: a probe`);
  const timeoutMs = (asked.timeoutSeconds ?? 1) * 1000;
  try {
    if (asked.httpGet !== undefined) {
      const { path = "/", port, scheme = "HTTP" } = asked.httpGet;
      const status = await statusOf(
        `${scheme.toLowerCase()}://${address}:${portOf(container, port)}${path}`,
        timeoutMs,
      );
      return status >= 200 && status < 400 ? undefined : `${path}: ${status}`;
    }
    if (asked.tcpSocket !== undefined) {
      await connected(address, portOf(container, asked.tcpSocket.port), timeoutMs);
      return undefined;
    }
    await exec(asked.exec?.command ?? []);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A container's port, by number or by name. */
export function portOf(container: V1Container, port: number | string): number {
  if (typeof port === "number") return port;
  const named = (container.ports ?? []).find((each) => each.name === port);
  if (named === undefined) throw new Error(`container ${container.name} has no port ${port}`);
  return named.containerPort;
}

/** A kubelet does not look at certificates. */
async function statusOf(url: string, timeoutMs: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const answered = (response: IncomingMessage): void => {
    response.resume();
    resolve(response.statusCode ?? 0);
  };
  const asking = url.startsWith("https:")
    ? https.get(url, { rejectUnauthorized: false, agent: false }, answered)
    : http.get(url, { agent: false }, answered);
  asking.once("error", reject).setTimeout(timeoutMs, () => asking.destroy(new Error(`no answer in ${timeoutMs} ms`)));
  return promise;
}

async function connected(host: string, port: number, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host, port, timeout: timeoutMs });
  socket
    .once("connect", resolve)
    .once("error", reject)
    .once("timeout", () => reject(new Error("no answer")));
  try {
    await promise;
  } finally {
    socket.destroy();
  }
}
