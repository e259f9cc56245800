// The control groups of containers outlive them where they were killed with everything else.
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";

/** Removes the groups of this name and all below them, in every hierarchy, as far as no process is left in them. */
export function forgetCgroups(name) {
  for (const at of [ROOT, ...readdirSync(ROOT).map((each) => join(ROOT, each))]) {
    if (existsSync(join(at, name, "cgroup.procs"))) forget(join(at, name));
  }
}

function forget(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) forget(join(folder, entry.name));
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is in it still, or it has just gone.
  }
}
