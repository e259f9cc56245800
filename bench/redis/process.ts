import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Call, Message, Metered, Procedures } from "./messages.ts";

/** How a procedure of a process is called from here. */
export type Remote<P> = {
  readonly [K in keyof P]: P[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** A process of the bench. */
export interface BenchProcess<P> {
  /** What it can be asked. Rejects when it fails, or when the process ends. */
  readonly ask: Remote<P> & Remote<Metered>;
  /** Ends it, and waits for that. */
  stop(): Promise<void>;
}

/** Starts a module of this folder as a process. `profiles`: the folder for CPU profiles of each phase, if any. */
export async function startProcess<P extends { readonly [K in keyof P]: Procedures[string] }>(
  file: string,
  profiles: string | undefined,
): Promise<BenchProcess<P>> {
  const child: ChildProcess = fork(new URL(file, import.meta.url), profiles === undefined ? [] : [profiles], {
    execArgv: ["--conditions=krm-source"],
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const calls = new Map<number, PromiseWithResolvers<unknown>>();
  const ready = Promise.withResolvers<void>();
  const ended = once(child, "exit");
  let made = 0;
  child.on("message", (message: Message) => {
    if (message.type === "ready") return ready.resolve();
    const call = calls.get(message.id);
    calls.delete(message.id);
    if (message.type === "done") call?.resolve(message.value);
    else call?.reject(new Error(`${file}: ${message.error}`));
  });
  child.on("exit", (code) => {
    const error = new Error(`${file} ended with ${code}`);
    ready.reject(error);
    for (const call of calls.values()) call.reject(error);
  });
  await ready.promise;
  const ask = new Proxy({} as BenchProcess<P>["ask"], {
    get: (_, name) =>
      typeof name !== "string" || name === "then"
        ? undefined
        : async (...args: readonly unknown[]): Promise<unknown> => {
            const id = ++made;
            const call = Promise.withResolvers<unknown>();
            calls.set(id, call);
            child.send({ id, name, args } satisfies Call);
            return call.promise;
          },
  });
  return {
    ask,
    async stop() {
      if (child.connected) await ask.leave();
      await ended;
    },
  };
}
