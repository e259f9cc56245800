import type { Usage } from "./messages.ts";

/** What a process has when it does nothing, in bytes. */
export interface Idle {
  readonly rss: number;
  readonly heap: number;
}

/** Measures this process from the moment it is made. Needs `--expose-gc`. */
export class Meter {
  readonly #cpu: NodeJS.CpuUsage;
  readonly #start: number;
  /** Memory to count from. */
  readonly idle: Idle;

  /** `idle`: memory to count from. Default: what the process has now, after a collection. */
  constructor(idle?: Idle) {
    collect();
    this.idle = idle ?? { rss: process.memoryUsage.rss(), heap: heap() };
    this.#cpu = process.cpuUsage();
    this.#start = performance.now();
  }

  stop(): Usage {
    const { user, system } = process.cpuUsage(this.#cpu);
    const wallMs = performance.now() - this.#start;
    const peakBytes = process.resourceUsage().maxRSS * 1024 - this.idle.rss;
    collect();
    return {
      cpuMs: (user + system) / 1000,
      wallMs,
      residentBytes: process.memoryUsage.rss() - this.idle.rss,
      heapBytes: heap() - this.idle.heap,
      peakBytes,
    };
  }
}

function heap(): number {
  const { external, heapUsed } = process.memoryUsage();
  return heapUsed + external;
}

function collect(): void {
  if (globalThis.gc === undefined) throw new Error("run this with --expose-gc");
  globalThis.gc();
}
