import { setTimeout as sleep } from "node:timers/promises";
import { type BenchProcess, startProcess } from "../redis/process.ts";
import type { ApiServer } from "./api-server.ts";
import type { Counted } from "./count-requests.ts";

/** Who asks. Nobody: what the cluster's own life costs the process of its API server. */
export const CLIENTS = ["krm", "informer", "polling", "nobody"] as const;

/** One of {@link CLIENTS}. */
export type ClientName = (typeof CLIENTS)[number];

/** What one client cost its API server. */
export interface ClientCost {
  /** Until everything was there. */
  readonly start: readonly Counted[];
  /** From then on, in the time that was measured. */
  readonly after: readonly Counted[];
  readonly cpuMs: number;
  readonly holds: Holding;
  readonly resources: Awaited<ReturnType<ApiServer["resources"]>>;
}

/** What a client says of itself. */
export interface Holding {
  readonly objects: number;
  /** Verifications so far. */
  readonly rounds?: number;
  /** Times that an informer ended with an error. */
  readonly errors?: number;
}

interface Client {
  start(kubeconfig: string): Promise<void>;
  holds(): Holding;
  readonly [more: string]: (...args: never[]) => unknown;
}

interface Pair {
  readonly server: BenchProcess<ApiServer>;
  readonly client: BenchProcess<Client> | undefined;
  readonly start: readonly Counted[];
}

async function startPair(name: ClientName, pods: number): Promise<Pair> {
  const server = await startProcess<ApiServer>("../requests/api-server.ts", undefined);
  const kubeconfig = await server.ask.start(pods);
  if (name === "nobody") return { server, client: undefined, start: [] };
  const client = await startProcess<Client>(`../requests/${name}-client.ts`, undefined);
  await client.ask.start(kubeconfig);
  // The watch comes after the list.
  await sleep(1000);
  return { server, client, start: await server.ask.requests() };
}

/** Each client with an API server of its own, all at the same time, before clusters that live alike. */
export async function measureSideBySide(
  minutes: number,
  pods: number,
  eventsPerSecond: number,
): Promise<Readonly<Record<ClientName, ClientCost>>> {
  const pairs = {} as Record<ClientName, Pair>;
  for (const name of CLIENTS) pairs[name] = await startPair(name, pods);
  for (const { server } of Object.values(pairs)) {
    await server.ask.reset();
    await server.ask.churn(eventsPerSecond);
    await server.ask.begin("requests");
  }
  await sleep(minutes * 60_000);
  const costs = {} as Record<ClientName, ClientCost>;
  for (const name of CLIENTS) {
    const { server, client, start } = pairs[name];
    const cpuMs = await server.ask.end();
    const after = await server.ask.requests();
    const resources = await server.ask.resources();
    const holds = (await client?.ask.holds()) ?? { objects: 0 };
    costs[name] = { start, after, cpuMs, holds, resources };
  }
  for (const { server, client } of Object.values(pairs)) {
    await client?.stop();
    await server.stop();
  }
  return costs;
}
