import { freePort } from "./free-port.ts";
import { ServerProcess, type ServerProgram } from "./server-process.ts";

/** A time series database of its own on 127.0.0.1, over HTTP. Disposal ends it at once and removes its files. */
export interface TimeSeriesServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, without any login: `fetch` refuses URLs with one. */
  readonly url: string;
  /** Ends it with SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** Tells it to end, and waits for it: everything that it has acknowledged is on disk then. */
  stop(): Promise<void>;
  /** Starts it on the same port with what it has on disk, and stops it before if it runs. */
  restart(): Promise<void>;
  /** It does nothing any more until `resume`: connections stay, new ones are taken by the system, no answer comes. */
  pause(): void;
  resume(): void;
}

/** One that runs, or has run: what all kinds have in common. */
export class RunningTimeSeriesServer implements TimeSeriesServer {
  readonly port: number;
  readonly url: string;
  readonly #process: ServerProcess;

  /** Takes the folder over, as {@link ServerProcess} does. */
  constructor(port: number, folder: string, program: ServerProgram) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#process = new ServerProcess(folder, program, "KILL");
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  stop(): Promise<void> {
    return this.#process.stop("SIGTERM");
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.#process.start();
  }

  pause(): void {
    this.#process.signal("SIGSTOP");
  }

  resume(): void {
    this.#process.signal("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#process[Symbol.asyncDispose]();
  }
}

/** Starts what `create` makes for a free port. One that another process was quicker to take is replaced by the next. */
export async function launchTimeSeriesServer<S extends TimeSeriesServer>(
  create: (port: number) => Promise<S>,
): Promise<S> {
  for (let tries = 1; ; tries++) {
    const server = await create(await freePort());
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      if (tries === 5 || !/address already in use/i.test(String(error))) throw error;
    }
  }
}
