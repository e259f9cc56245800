import { spawn } from "node:child_process";

/**
 * Reads the process id of the server at each start, an empty line at each end. When its input ends without `done`, the
 * process that has started it is gone, whatever ended it: then it ends the server and removes its folder.
 */
const SCRIPT = `
while read -r line; do
  [ "$line" = done ] && exit 0
  pid=$line
done
if [ -n "$pid" ]; then
  kill -s "$2" "$pid"
  [ "$2" = KILL ] || { sleep 1; kill -s KILL "$pid"; }
fi
rm -rf -- "$1"`;

/** Sees to it that nothing of a server outlives the process that started it. */
export interface Watchdog {
  /** The process that runs now; undefined: none. */
  watch(pid: number | undefined): void;
  /** All is cleared away: nothing is left to do. */
  done(): void;
}

/** Starts one for a server whose files are in `folder`, and which `signal` ends without leaving anything behind. */
export function startWatchdog(folder: string, signal: "KILL" | "QUIT"): Watchdog {
  // In a group of its own: what is sent to this process's group must not reach it.
  const child = spawn("/bin/sh", ["-c", SCRIPT, "krm-watchdog", folder, signal], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const ignore = (): void => {};
  child.on("error", ignore);
  child.stdin.on("error", ignore);
  child.unref();
  return {
    watch: (pid) => void child.stdin.write(`${pid ?? ""}\n`),
    done: () => void child.stdin.end("done\n"),
  };
}
