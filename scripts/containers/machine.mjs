// Runs a command on what is like a machine of its own: it runs under `unshare`, with a network that leads nowhere, and
// with folders for containers that are gone when it ends. IMAGES: a store of images that are only read.
//   unshare … node scripts/containers/machine.mjs IMAGES COMMAND [ARG…]
import { mkdirSync } from "node:fs";
import { must } from "../run/must.mjs";
import { exitAs, runForwarding } from "../run/processes.mjs";
import { containerSettings } from "./settings.mjs";

const [imageStore, command, ...args] = process.argv.slice(2);
const folder = "/run/krm-e2e";
// What was mounted below /run (a resolver's files) is of no use without a network.
for (const path of ["/run", "/var/lib/cni"]) {
  mkdirSync(path, { recursive: true });
  await must("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", path]);
}
await must("ip", ["link", "set", "lo", "up"]);
const settings = containerSettings(folder, { graphRoot: `${folder}/storage`, imageStore });
const env = { ...process.env, ...settings, KRM_E2E_FOLDER: folder };
exitAs(await runForwarding(command, args, { env }));
