// One installation at a time in a checkout: a folder is the lock, since making one is atomic everywhere.
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const BEAT_MS = 2_000;
/** A holder that has not touched its lock for this long is gone, whatever its process id says. */
const SILENT_MS = 30_000;

/** Runs `work` while holding the lock folder; waits, and says so, while another process holds it. */
export async function withLock(folder, say, work) {
  mkdirSync(dirname(folder), { recursive: true });
  let told = false;
  while (!tryMake(folder)) {
    if (breakIfAbandoned(folder)) continue;
    if (!told) say("another run is installing in this checkout: waiting for it");
    told = true;
    await delay(200);
  }
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", release);
  writeFileSync(join(folder, "owner"), JSON.stringify({ pid: process.pid, host: hostname() }));
  const beat = setInterval(() => utimesSync(folder, new Date(), new Date()), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.off("exit", release);
    release();
  }
}

function tryMake(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a lock whose holder is gone. A second folder guards this, so that nobody removes the lock of a successor. */
function breakIfAbandoned(folder) {
  if (!abandoned(folder)) return false;
  const guard = `${folder}.breaking`;
  if (!tryMake(guard)) {
    if (silent(guard)) rmSync(guard, { recursive: true, force: true });
    return false;
  }
  try {
    if (abandoned(folder)) rmSync(folder, { recursive: true, force: true });
    return true;
  } finally {
    rmSync(guard, { recursive: true, force: true });
  }
}

function abandoned(folder) {
  try {
    const owner = JSON.parse(readFileSync(join(folder, "owner"), "utf8"));
    if (owner.host === hostname() && !alive(owner.pid)) return true;
  } catch {
    // No owner written yet, or half of it: only its age can tell.
  }
  return silent(folder);
}

function silent(folder) {
  try {
    return Date.now() - statSync(folder).mtimeMs > SILENT_MS;
  } catch {
    return false;
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
