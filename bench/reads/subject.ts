import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, get as httpsGet, type RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import type { Answer, Command } from "./messages.ts";

/** What is asked, and what came of it. */
export interface Read {
  readonly status: number;
  /** As they went over the wire. */
  readonly bytes: number;
  readonly etag: string | undefined;
}

/** A server that is measured. */
export interface Subject {
  readonly name: string;
  read(path: string, headers?: Readonly<Record<string, string>>): Promise<Read>;
  text(path: string): Promise<string>;
  /** Counts CPU time from now on. */
  start(): Promise<void>;
  /** Milliseconds since then; undefined: it does not tell. */
  stop(): Promise<number | undefined>;
  /** Changes a pod, where that can be done. */
  change(): Promise<void>;
  close(): void;
}

type Ready = Extract<Answer, { type: "ready" }>;

/** Asks over one connection that is kept. */
class Connection {
  readonly #base: string;
  readonly #options: RequestOptions;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(base: string, options: RequestOptions) {
    const one = { keepAlive: true, maxSockets: 1 };
    this.#base = base;
    this.#agent = base.startsWith("https:") ? new HttpsAgent(one) : new HttpAgent(one);
    this.#options = { ...options, agent: this.#agent };
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    const get = this.#base.startsWith("https:") ? httpsGet : httpGet;
    const all = { ...this.#options.headers, ...headers };
    const [response] = (await once(get(this.#base + path, { ...this.#options, headers: all }), "response")) as [
      IncomingMessage,
    ];
    return response;
  }

  async read(path: string, headers?: Readonly<Record<string, string>>): Promise<Read> {
    const response = await this.get(path, headers);
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    return { status: response.statusCode ?? 0, bytes, etag: response.headers.etag };
  }

  async text(path: string): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of await this.get(path)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A server in a process of the bench. */
export async function ownProcess(name: string, file: string, argument: string): Promise<Subject & { ready: Ready }> {
  const child = fork(new URL(file, import.meta.url), [argument], {
    execArgv: ["--conditions=krm-source", "--max-old-space-size=4096"],
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const ready = await answer(child, "ready");
  const authorization = ready.token === undefined ? {} : { authorization: `Bearer ${ready.token}` };
  const connection = new Connection(ready.url, { headers: authorization, ...(ready.ca && { ca: ready.ca }) });
  const tell = (command: Command): boolean => child.send(command);
  return {
    name,
    ready,
    read: async (path, headers) => connection.read(path, headers),
    text: async (path) => connection.text(path),
    start: async () => void tell("start"),
    stop: async () => {
      tell("stop");
      return (await answer(child, "used")).cpuMs;
    },
    change: async () => {
      tell("change");
      await answer(child, "changed");
    },
    close: () => {
      connection.close();
      child.disconnect();
      child.kill();
    },
  };
}

/** The API server of a kubeconfig. What CPU it takes, its own metrics tell, to whom may read them. */
export async function apiServer(file: string): Promise<Subject> {
  const config = new KubeConfig();
  config.loadFromFile(file);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const connection = new Connection(config.getCurrentCluster()?.server ?? "", options);
  let before: number | undefined;
  const cpu = async (): Promise<number | undefined> => {
    const seconds = /^process_cpu_seconds_total (\S+)$/mu.exec(await connection.text("/metrics"))?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  };
  return {
    name: "API server",
    read: async (path, headers) => connection.read(path, headers),
    text: async (path) => connection.text(path),
    start: async () => void (before = await cpu()),
    stop: async () => {
      const after = await cpu();
      return before === undefined || after === undefined ? undefined : after - before;
    },
    change: async () => {},
    close: () => connection.close(),
  };
}

async function answer<T extends Answer["type"]>(child: ChildProcess, type: T): Promise<Extract<Answer, { type: T }>> {
  const over = new AbortController();
  try {
    const ended = once(child, "exit", over).then(([code]) => {
      throw new Error(`a process of the bench ended with ${String(code)}`);
    });
    const [message] = (await Promise.race([once(child, "message", over), ended])) as [Answer];
    if (message.type !== type) throw new Error(`expected ${type}, got ${message.type}`);
    return message as Extract<Answer, { type: T }>;
  } finally {
    over.abort();
  }
}
