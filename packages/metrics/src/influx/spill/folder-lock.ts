import { readFileSync, readlinkSync } from "node:fs";
import { link, open, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Says which process it is, in a way that outlives it: a pid alone is given out again, in a container always the same. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in ticks since the boot. Undefined: the system does not tell. */
  readonly began?: string | undefined;
  /** The boot of the machine. */
  readonly boot?: string | undefined;
  /** Its pid namespace: pids of another one cannot be looked up. */
  readonly namespace?: string | undefined;
}

const FILE = "lock";

/** How {@link lockFolder} ended. */
export type LockResult =
  | { readonly type: "locked"; release(): Promise<void> }
  /** By a process that runs, on this machine. */
  | { readonly type: "held"; readonly pid: number };

/**
 * Takes the lock of a folder: a file that says who has it. One that a dead process has left is taken over; so is one whose
 * process cannot be looked up from here, as that of another machine or container. It keeps honest processes apart and is
 * no proof against a race: two that share a folder must not be able to harm each other's files.
 */
export async function lockFolder(folder: string): Promise<LockResult> {
  const file = join(folder, FILE);
  const own = JSON.stringify(identify(process.pid));
  for (let tries = 1; ; tries++) {
    try {
      await create(file, own);
      return { type: "locked", release: () => release(file, own) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || tries === 3) throw error;
    }
    const holder = parse(await readFile(file, "utf8").catch(() => ""));
    if (holder !== undefined && runs(holder)) return { type: "held", pid: holder.pid };
    await unlink(file).catch(() => {});
  }
}

/** Creates the file with all that is in it at once, or fails with EEXIST. */
async function create(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode: 0o600 });
  try {
    await link(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw error;
    // A file system without hard links, as SMB.
    const handle = await open(file, "wx", 0o600);
    await handle.writeFile(text);
    await handle.close();
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/** Where another has taken it over, it is theirs. */
async function release(file: string, own: string): Promise<void> {
  if ((await readFile(file, "utf8").catch(() => "")) === own) await unlink(file).catch(() => {});
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(text) as ProcessIdentity | null;
    return Number.isSafeInteger(value?.pid) && (value?.pid ?? 0) > 0 ? (value as ProcessIdentity) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this process is known to run still. */
function runs(holder: ProcessIdentity): boolean {
  const here = identify(process.pid);
  if (holder.boot !== here.boot || holder.namespace !== here.namespace) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // Another user's may not be signalled, but runs.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return identify(holder.pid).began === holder.began;
}

function identify(pid: number): ProcessIdentity {
  return {
    pid,
    began: told(() => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19]),
    boot: told(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    namespace: told(() => readlinkSync("/proc/self/ns/pid")),
  };
}

function told(ask: () => string | undefined): string | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
