import { setTimeout as sleep } from "node:timers/promises";
import { type KrmProcess, startKrm } from "../support/krm-process.ts";

/**
 * A `krm` that is started again whenever it ends, as a kubelet does. It is counted how often it was killed here, and how
 * often it ended otherwise: nobody else may end it.
 */
export class Supervised implements AsyncDisposable {
  readonly name: string;
  readonly #args: readonly string[];
  readonly #onLine: (line: string) => void;
  #process: KrmProcess | undefined;
  #over = false;
  #downMs = 0;
  kills = 0;
  starts = 0;
  /** How it ended, each time that it was not killed here. */
  readonly failures: string[] = [];
  /** The most memory that it was seen to take, in MiB. */
  peakMib = 0;
  /** Its last lines. */
  readonly lines: string[] = [];
  readonly #running: Promise<void>;

  constructor(name: string, args: readonly string[], onLine: (line: string) => void = () => {}) {
    this.name = name;
    this.#args = args;
    this.#onLine = onLine;
    this.#running = this.#run();
  }

  get pid(): number | undefined {
    return this.#process?.ended === undefined ? this.#process?.pid : undefined;
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      this.starts++;
      const kills = this.kills;
      const process = startKrm(this.#args, (line) => {
        this.lines.push(line);
        if (this.lines.length > 30) this.lines.shift();
        this.#onLine(line);
      });
      this.#process = process;
      await process.exit;
      if (this.#over) return;
      if (this.kills === kills) this.failures.push(`${process.ended}: ${this.lines.slice(-16).join(" | ")}`);
      await sleep(this.kills === kills ? 1000 : this.#downMs);
    }
  }

  /** Kills it; it is started again after so long. False: it does not run now. */
  kill(downMs: number): boolean {
    if (this.pid === undefined) return false;
    this.kills++;
    this.#downMs = downMs;
    void this.#process?.kill();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#process?.stop();
    await this.#running;
  }
}
