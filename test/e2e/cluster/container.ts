import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Container, V1Probe } from "@kubernetes/client-node";
import { exitCodeOf, lastLines, podman } from "./podman.ts";
import { probe } from "./probe.ts";

/** How often it is looked whether a container has ended, in milliseconds. */
const LOOK_MS = 100;

/** Here a whole cluster starts at once on a few cores: a start may take so many times as long as its probe lets it. */
const PATIENCE = 5;

/** A restart waits so long, doubled each time, as a kubelet's back-off does; the first one comes at once. */
const BACK_OFF_MS = 1000;
const LONGEST_BACK_OFF_MS = 10_000;

/**
 * A container that is looked after as a kubelet does: started again whenever it ends, found live and ready by its probes,
 * and killed when it is not live.
 */
export class Container {
  readonly spec: V1Container;
  /** Podman's name for it. */
  readonly name: string;
  /** Of its pod. */
  readonly address: string;
  #pid = 0;
  #ready = false;
  #over = false;
  /** Times that it was killed by {@link kill}. */
  kills = 0;
  /** How long it stays away when it is killed next, in milliseconds. */
  #awayMs = 0;
  /** How it ended each time that nobody killed it, and when it was found not to live. */
  readonly failures: string[] = [];
  #running: Promise<void> | undefined;
  #probing = new AbortController();

  constructor(spec: V1Container, name: string, address: string) {
    this.spec = spec;
    this.name = name;
    this.address = address;
  }

  /** Whether it runs and its readiness probe says that it may be asked. */
  get ready(): boolean {
    return this.#ready && this.#pid !== 0;
  }

  /** Asks its readiness probe now, whatever was found before. Resolves to what was wrong; undefined: nothing. */
  async unreadiness(): Promise<string | undefined> {
    const { readinessProbe } = this.spec;
    return readinessProbe === undefined ? undefined : this.#ask(readinessProbe);
  }

  /** Starts it for the first time, and looks after it from then on. */
  async start(): Promise<void> {
    await this.#begin();
    this.#running = this.#lookAfter();
    // Whoever disposes of it gets the failure; until then it must not count as unhandled.
    this.#running.catch(() => {});
  }

  async #begin(): Promise<void> {
    await podman("start", this.name);
    this.#pid = Number(await podman("inspect", "--format={{.State.Pid}}", this.name));
    this.#probing = new AbortController();
    void this.#probe(this.#probing.signal);
  }

  #isRunning(): boolean {
    return this.#pid !== 0 && existsSync(`/proc/${this.#pid}`);
  }

  async #lookAfter(): Promise<void> {
    let kills = this.kills;
    let backOff = 0;
    while (!this.#over) {
      await sleep(LOOK_MS);
      if (this.#isRunning() || this.#over) continue;
      this.#probing.abort();
      this.#ready = false;
      this.#pid = 0;
      if (kills === this.kills) {
        const code = await exitCodeOf(this.name);
        this.failures.push(`${this.name} ended by itself (${code}): ${await lastLines(this.name, 5)}`);
        await sleep(backOff);
        backOff = Math.min(Math.max(BACK_OFF_MS, 2 * backOff), LONGEST_BACK_OFF_MS);
      } else await sleep(this.#awayMs);
      kills = this.kills;
      if (this.#over) return;
      await exitCodeOf(this.name);
      await this.#begin();
    }
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const { startupProbe, livenessProbe, readinessProbe } = this.spec;
    try {
      if (startupProbe !== undefined) await this.#started(startupProbe, signal);
      if (readinessProbe === undefined) this.#ready = true;
      await Promise.all([
        livenessProbe === undefined ? undefined : this.#watchLiveness(livenessProbe, signal),
        readinessProbe === undefined ? undefined : this.#watchReadiness(readinessProbe, signal),
      ]);
    } catch (error) {
      if (!signal.aborted) this.failures.push(`${this.name}: ${(error as Error).message}`);
    }
  }

  async #ask(asked: V1Probe): Promise<string | undefined> {
    const exec = async (command: readonly string[]): Promise<unknown> => podman("exec", this.name, ...command);
    return probe(asked, { container: this.spec, address: this.address, exec });
  }

  /** @throws Error when it has not started in time. */
  async #started(asked: V1Probe, signal: AbortSignal): Promise<void> {
    await sleep((asked.initialDelaySeconds ?? 0) * 1000, undefined, { signal });
    let last: string | undefined;
    // Asked more often than a kubelet would: less waiting.
    const end = performance.now() + PATIENCE * (asked.failureThreshold ?? 3) * probeMs(asked);
    while (performance.now() < end) {
      last = await this.#ask(asked);
      if (last === undefined) return;
      await sleep(500, undefined, { signal });
    }
    throw new Error(`it did not start: ${last}`);
  }

  async #watchLiveness(asked: V1Probe, signal: AbortSignal): Promise<void> {
    for (let count = 0; !signal.aborted;) {
      await sleep(probeMs(asked), undefined, { signal });
      const wrong = await this.#ask(asked);
      count = wrong === undefined ? 0 : count + 1;
      if (count < (asked.failureThreshold ?? 3) || signal.aborted) continue;
      this.failures.push(`${this.name} was found not to live: ${wrong}`);
      process.kill(this.#pid, "SIGKILL");
      return;
    }
  }

  async #watchReadiness(asked: V1Probe, signal: AbortSignal): Promise<void> {
    for (let count = 0; !signal.aborted;) {
      const wrong = await this.#ask(asked);
      count = wrong === undefined ? 0 : count + 1;
      if (signal.aborted) return;
      if (count === 0) this.#ready = true;
      else if (count >= (asked.failureThreshold ?? 3)) this.#ready = false;
      // A kubelet, too, asks at once after the start, rather than a whole period later.
      await sleep(this.#ready ? probeMs(asked) : Math.min(500, probeMs(asked)), undefined, { signal });
    }
  }

  /** Not asked any more: it is about to end. */
  retire(): void {
    this.#probing.abort();
    this.#ready = false;
    this.#over = true;
  }

  /** SIGKILL to its first process, as when a machine runs out of memory; it is started again after so long. */
  kill(awayMs = 0): void {
    if (!this.#isRunning()) throw new Error(`${this.name} does not run`);
    this.kills++;
    this.#awayMs = awayMs;
    process.kill(this.#pid, "SIGKILL");
  }

  /** SIGSTOP: it is there, and does nothing any more, until {@link resume}. */
  pause(): void {
    process.kill(this.#pid, "SIGSTOP");
  }

  /** SIGCONT: it goes on, and does not know that time has passed. */
  resume(): void {
    process.kill(this.#pid, "SIGCONT");
  }

  /** SIGTERM, and SIGKILL where that does not end it in time. Resolves to its exit code. */
  async stop(graceSeconds: number): Promise<number> {
    this.retire();
    await this.#running;
    await podman("stop", `--time=${graceSeconds}`, this.name);
    return exitCodeOf(this.name);
  }

  /** Its last lines, for people. */
  async log(lines = 20): Promise<string> {
    return lastLines(this.name, lines);
  }
}

function probeMs(asked: V1Probe): number {
  return (asked.periodSeconds ?? 10) * 1000;
}
