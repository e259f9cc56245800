// Packages of Debian and Ubuntu, installed without any service being started or a database being made.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { capture } from "../run/processes.mjs";

/** What invoke-rc.d and systemd's part of it ask before a package starts a service; 101 is no. */
const POLICY = "/usr/sbin/policy-rc.d";
/** Read by postgresql-common, besides its own file. */
const NO_CLUSTER = "/etc/postgresql-common/createcluster.d/krm-tests.conf";
const MARK = "# Written while the tests of KRM install packages; else it may go.";

/** Tells whether packages can be installed here: by root, with apt-get. */
export const canInstall = () =>
  process.platform === "linux" && process.getuid() === 0 && existsSync("/usr/bin/apt-get");

/**
 * Installs them, with fresh lists where the old ones do not do; their services start neither now nor at the next boot.
 * Those that cannot be had do not keep the others away: it throws at the end, with apt-get's own words, and Stopped on a
 * signal.
 */
export async function aptInstall(packages) {
  const written = [];
  const hadFolder = existsSync(dirname(NO_CLUSTER));
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  const aptGet = (...args) => capture("apt-get", ["-y", "-q", "-o", "DPkg::Lock::Timeout=120", ...args], { env });
  const install = (names) => aptGet("install", "--no-install-recommends", ...names);
  try {
    await denyServices(written);
    if (packages.includes("postgresql")) write(written, NO_CLUSTER, `${MARK}\ncreate_main_cluster = false\n`, 0o644);
    let together = await install(packages);
    if (together.code !== 0) {
      await aptGet("update");
      together = await install(packages);
    }
    const failures = [];
    for (const name of packages) {
      const alone = together.code !== 0 && packages.length > 1;
      const { code, output } = alone ? await install([name]) : together;
      if (code !== 0) failures.push(`apt-get could not install ${name}: ${told(output)}`);
      else if (existsSync("/usr/bin/systemctl")) await capture("systemctl", ["disable", name], {});
    }
    if (failures.length > 0) throw new Error(failures.join("; "));
  } finally {
    for (const path of written) rmSync(path, { force: true });
    if (!hadFolder) rmSync(dirname(NO_CLUSTER), { recursive: true, force: true });
  }
}

async function denyServices(written) {
  const own = existsSync(POLICY) && readFileSync(POLICY, "utf8").includes(MARK);
  if (own || !existsSync(POLICY)) {
    write(written, POLICY, `#!/bin/sh\n${MARK}\nexit 101\n`, 0o755);
    return;
  }
  const { code } = await capture(POLICY, ["redis-server", "start"], {});
  if (code !== 101) throw new Error(`${POLICY} lets packages start services, so nothing is installed`);
}

function write(written, path, text, mode) {
  mkdirSync(dirname(path), { recursive: true });
  written.push(path);
  writeFileSync(path, text, { mode });
}

/** The first complaint in what apt-get printed. */
function told(output) {
  const lines = output.trim().split("\n");
  return (lines.find((line) => /^(E|dpkg: error)/.test(line)) ?? lines.at(-1)).trim();
}
