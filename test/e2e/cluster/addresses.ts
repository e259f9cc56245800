import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The network of pods, whose first address is this machine's. */
export const POD_NETWORK = { name: "krm-e2e", subnet: "10.123.0.0/16", gateway: "10.123.0.1" } as const;

/** The addresses of Services: this machine has them, and forwards what comes. The first one is the API server's. */
export class ServiceAddresses {
  #last = 0;

  /** An address that nothing else has. */
  async take(): Promise<string> {
    this.#last++;
    const address = `10.124.0.${this.#last}`;
    await run("ip", ["address", "replace", `${address}/32`, "dev", "lo"]);
    return address;
  }
}

/** The addresses of pods: none is given twice, so that nobody takes a new pod for the one that was there before. */
export class PodAddresses {
  #last = 9;

  take(): string {
    this.#last++;
    return `10.123.${Math.floor(this.#last / 256)}.${this.#last % 256}`;
  }
}
