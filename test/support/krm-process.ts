import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A `krm` that runs. */
export interface KrmProcess {
  readonly pid: number;
  /** Undefined: it runs. */
  readonly ended: string | undefined;
  /** Resolves when it has ended. */
  readonly exit: Promise<void>;
  /** SIGKILL: as a machine that fails ends it. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL where that does not end it soon. */
  stop(): Promise<void>;
}

/** Starts `krm` from source; `onLine` sees each line that it says. */
export function startKrm(args: readonly string[], onLine: (line: string) => void = () => {}): KrmProcess {
  const child: ChildProcess = spawn(process.execPath, ["--conditions=krm-source", "packages/cli/src/bin.ts", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let ended: string | undefined;
  const exit = once(child, "exit").then(([code, signal]: (number | string | null)[]) => {
    ended = String(signal ?? code);
  });
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on("line", onLine);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (ended === undefined) child.kill(signal);
    await exit;
  };
  return {
    pid: child.pid ?? 0,
    get ended() {
      return ended;
    },
    exit,
    kill: async () => end("SIGKILL"),
    stop: async () => {
      const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
      try {
        await end("SIGTERM");
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Starts a `krm` that serves; resolves with where, as its log says. */
export async function startServing(
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<{ readonly process: KrmProcess; readonly url: string }> {
  const listening = Promise.withResolvers<string>();
  const started = startKrm(args, (line) => {
    onLine(line);
    const url = /"url":"(https?:[^"]+)"/.exec(line)?.[1];
    if (url !== undefined && line.includes('"listening"')) listening.resolve(url);
  });
  void started.exit.then(() => listening.reject(new Error(`krm ${args.join(" ")} ended: ${started.ended}`)));
  return { process: started, url: await listening.promise };
}
