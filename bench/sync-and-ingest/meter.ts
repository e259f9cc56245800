import type { Usage } from "./messages.ts";

/** Measures this process from the moment it is made. Needs `--expose-gc`. */
export class Meter {
  readonly #cpu: NodeJS.CpuUsage;
  readonly #start: number;
  readonly #idleBytes: number;

  /** `idleBytes`: resident memory to count from. Default: what the process has now, after a collection. */
  constructor(idleBytes?: number) {
    collect();
    this.#idleBytes = idleBytes ?? process.memoryUsage.rss();
    this.#cpu = process.cpuUsage();
    this.#start = performance.now();
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  stop(): Usage {
    const { user, system } = process.cpuUsage(this.#cpu);
    const wallMs = performance.now() - this.#start;
    const peakBytes = process.resourceUsage().maxRSS * 1024 - this.#idleBytes;
    collect();
    return {
      cpuMs: (user + system) / 1000,
      wallMs,
      residentBytes: process.memoryUsage.rss() - this.#idleBytes,
      peakBytes,
    };
  }
}

function collect(): void {
  if (globalThis.gc === undefined) throw new Error("run this with --expose-gc");
  globalThis.gc();
}
