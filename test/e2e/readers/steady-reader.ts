import type { KrmClient } from "@krm/client";
import { setTimeout as sleep } from "node:timers/promises";
import { reasonOf } from "../../support/eventually.ts";

/** Lists again and again with the client, as programs do that know of no restarts; what its retries do not cover is noted. */
export class SteadyReader implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  answers = 0;
  readonly errors: string[] = [];

  constructor(client: KrmClient, resource: string, everyMs = 100) {
    this.#running = this.#run(client, resource, everyMs);
  }

  async #run(client: KrmClient, resource: string, everyMs: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await client.list(resource, { signal, limit: 50 });
        this.answers++;
      } catch (error) {
        if (!signal.aborted) this.errors.push(`after ${this.answers} answers: ${reasonOf(error)}`);
      }
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
