import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { POD_NETWORK } from "./cluster/addresses.ts";
import { podman } from "./cluster/podman.ts";
import { type Deployment, SETTINGS } from "./deployment.ts";

/** What `krm status` prints, run from the image in a container of its own, with the reader's token. */
export async function krmStatus(krm: Deployment): Promise<string> {
  const folder = join(SETTINGS.folder, "reader");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "token"), krm.token, { mode: 0o444 });
  await writeFile(join(folder, "ca.crt"), krm.ca, { mode: 0o444 });
  return podman(
    "run",
    "--rm",
    "--pull=never",
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    `--network=${POD_NETWORK.name}`,
    `--add-host=krm.krm.svc:${await krm.cluster.addressOf("krm")}`,
    `--volume=${folder}:/reader:ro`,
    "--env=NODE_EXTRA_CA_CERTS=/reader/ca.crt",
    SETTINGS.image,
    "status",
    "--server=https://krm.krm.svc:8003",
    "--token-file=/reader/token",
  );
}
