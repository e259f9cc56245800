// What runs containers here without a daemon: podman, buildah and what they need, from Debian's packages where missing.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Stopped } from "../run/processes.mjs";
import { aptInstall, canInstall } from "../setup/apt.mjs";

const anyOf = (...paths) => paths.some((path) => existsSync(path));
const onPath = (name) =>
  anyOf(...["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"].map((at) => `${at}/${name}`));

const NAMESPACES = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
const CATATONIT = ["/usr/bin/catatonit", "/usr/libexec/podman/catatonit"];

const TOOLS = [
  { debian: "podman", there: () => onPath("podman") },
  { debian: "buildah", there: () => onPath("buildah") },
  { debian: "runc", there: () => onPath("runc") },
  // Keeps a pod's namespaces while its containers come and go, and is the first process of our own.
  { debian: "catatonit", there: () => anyOf(...CATATONIT) },
  { debian: "containernetworking-plugins", there: () => anyOf("/usr/lib/cni/bridge", "/opt/cni/bin/bridge") },
  { debian: "iptables", there: () => onPath("iptables") },
  { debian: "iproute2", there: () => onPath("ip") },
  { debian: "mmdebstrap", there: () => onPath("mmdebstrap") },
];

/**
 * Sees to it that containers can be run here, apart from everything else on this machine. Undefined: they can; else one
 * line that says why not, and what would help. Throws Stopped on a signal.
 */
export async function containerTools(say) {
  if (process.platform !== "linux") return `containers are run on Linux only, and this is ${process.platform}`;
  if (process.getuid() !== 0) return "containers are run by root here: run this as root (sudo npm run e2e)";
  const missing = TOOLS.filter(({ there }) => !there()).map(({ debian }) => debian);
  if (missing.length > 0) {
    const names = missing.join(", ");
    if (!canInstall()) return `${names} missing, and there is no apt-get to get them: install them`;
    say(`installing ${names} with apt-get; no service is started`);
    const started = performance.now();
    try {
      await aptInstall(missing);
    } catch (error) {
      if (error instanceof Stopped) throw error;
      return error.message;
    }
    say(`installed after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  const [unshare, ...args] = apart(["true"]);
  const tried = spawnSync(unshare, args, { encoding: "utf8" });
  if (tried.status !== 0)
    return `no namespaces of our own (${(tried.stderr ?? tried.error?.message ?? "").trim()}): run this where root may unshare`;
  return undefined;
}

/**
 * What runs a command with a network, mounts and processes of its own, all of which end with it. Its first process lets go
 * of those that have ended, which podman waits for.
 */
export function apart(command) {
  const first = CATATONIT.find((path) => existsSync(path));
  return ["unshare", ...NAMESPACES, first, "--", ...command];
}
