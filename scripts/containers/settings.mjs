// Settings of podman and buildah that are ours alone: nothing of the machine's own containers is read or touched.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Below the machine's hard limits, which not even root may go past in a container. */
function limits() {
  const table = readFileSync("/proc/self/limits", "utf8");
  const hard = (title) =>
    Number(new RegExp(`^${title} +\\S+ +(\\d+)`, "m").exec(table)?.[1] ?? Number.POSITIVE_INFINITY);
  const limit = (name, most) => `"${name}=${Math.min(8192, most)}:${Math.min(8192, most)}"`;
  return [limit("nofile", hard("Max open files")), limit("nproc", hard("Max processes"))].join(", ");
}

/**
 * Writes the settings into a folder, and gives the environment that makes podman and buildah use them. `graphRoot` holds
 * images and containers, `imageStore` further images that are only read.
 */
export function containerSettings(folder, { graphRoot, imageStore }) {
  const at = (name) => join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    at("containers.conf"),
    `[containers]
default_ulimits = [${limits()}]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
tmp_dir = "${at("tmp")}"
volume_path = "${at("volumes")}"
[network]
network_backend = "cni"
network_config_dir = "${at("networks")}"
`,
  );
  writeFileSync(
    at("storage.conf"),
    `[storage]
driver = "overlay"
graphroot = "${graphRoot}"
runroot = "${at("runroot")}"
${imageStore === undefined ? "" : `[storage.options]\nadditionalimagestores = ["${imageStore}"]\n`}`,
  );
  writeFileSync(at("registries.conf"), "unqualified-search-registries = []\n");
  return {
    CONTAINERS_CONF: at("containers.conf"),
    CONTAINERS_STORAGE_CONF: at("storage.conf"),
    CONTAINERS_REGISTRIES_CONF: at("registries.conf"),
    TMPDIR: process.env.TMPDIR ?? "/tmp",
  };
}
