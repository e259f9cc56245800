import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Answer, Command } from "./messages.ts";

/** A process of the bench, which answers in the order in which it was told. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #answers: Answer[] = [];
  #changed = Promise.withResolvers<void>();
  #exitCode: number | null | undefined;

  constructor(module: URL, ...args: string[]) {
    const execArgv = ["--conditions=krm-source", "--expose-gc"];
    this.#child = fork(module, args, { execArgv, stdio: ["ignore", 2, 2, "ipc"] });
    this.#child.on("message", (answer: Answer) => {
      this.#answers.push(answer);
      this.#changed.resolve();
    });
    this.#child.on("exit", (code) => {
      this.#exitCode = code;
      this.#changed.resolve();
    });
  }

  async answer<T extends Answer["type"]>(type: T): Promise<Extract<Answer, { type: T }>> {
    while (this.#answers.length === 0) {
      if (this.#exitCode !== undefined) throw new Error(`a process of the bench ended with ${this.#exitCode}`);
      await this.#changed.promise;
      this.#changed = Promise.withResolvers<void>();
    }
    const answer = this.#answers.shift();
    if (answer?.type !== type) throw new Error(`expected ${type}, got ${answer?.type}`);
    return answer as Extract<Answer, { type: T }>;
  }

  tell(command: Command): void {
    this.#child.send(command);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await once(this.#child, "exit");
  }
}
