// Images to build on, made of Debian's packages and npm's: no image registry is asked.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "../run/must.mjs";
import { capture } from "../run/processes.mjs";

const NPM = "npm@11.6.2";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** Packages unpacked as they are: no script of theirs is run, so that this takes seconds. */
async function unpacked(packages, folder) {
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const tar = join(folder, "packages.tar");
  await must("mmdebstrap", ["--quiet", "--variant=extract", `--include=${packages.join(",")}`, suite, tar]);
  return tar;
}

/**
 * Each image: its packages, what is put on top of them, and how it is described to buildah. What any of them is made of
 * is part of its tag's meaning: change VERSION with it.
 */
const VERSION = "3";
const IMAGES = {
  /** As distroless images are: a C library, no shell. */
  base: { packages: ["base-files", "netbase", "libc6", "libgcc-s1", "libstdc++6"] },
  /** What a Dockerfile is built in: a shell, Node.js and npm. */
  build: {
    packages: ["base-files", "libc6", "libgcc-s1", "libstdc++6", "busybox-static"],
    add: async (root) => {
      busybox(root);
      mkdirSync(join(root, "usr/local/bin"), { recursive: true });
      cpSync(process.execPath, join(root, "usr/local/bin/node"));
      await must("npm", [
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--global",
        "--prefix",
        join(root, "usr/local"),
        NPM,
      ]);
      mkdirSync(join(root, "etc/ssl/certs"), { recursive: true });
      // A registry behind an authority of one's own.
      if (existsSync(CERTIFICATES)) cpSync(CERTIFICATES, join(root, CERTIFICATES.slice(1)));
    },
    lines: existsSync(CERTIFICATES) ? [`ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`] : [],
  },
  /** In place of the images of Redis and InfluxDB that the chart names. */
  redis: {
    packages: ["base-files", "busybox-static", "redis-server", "redis-tools"],
    add: busybox,
    lines: ["USER 999:999", "WORKDIR /data", 'CMD ["redis-server"]'],
  },
  influxdb: {
    packages: ["base-files", "busybox-static", "influxdb", "influxdb-client"],
    add: (root) => {
      busybox(root);
      const entry = join(root, "entrypoint.sh");
      cpSync(new URL("influxdb-entrypoint.sh", import.meta.url), entry);
      chmodSync(entry, 0o755);
    },
    lines: ['ENTRYPOINT ["/entrypoint.sh"]', 'CMD ["influxd"]'],
  },
};

const COMMANDS = ["cat", "cp", "cut", "id", "ls", "mkdir", "rm", "sha256sum", "sleep", "tr"];

function busybox(root) {
  const bin = join(root, "usr/local/busybox");
  mkdirSync(bin, { recursive: true });
  for (const name of COMMANDS) symlinkSync("/bin/busybox", join(bin, name));
  for (const path of ["bin/sh", "usr/bin/env"]) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    symlinkSync("/bin/busybox", join(root, path));
  }
}

/** The name of one of them, as images are tagged. */
export const baseImage = (name) => `localhost/krm-e2e/${name}:${process.versions.node}-${VERSION}`;

/** Makes the images that are not there yet. */
export async function makeBaseImages(env, say) {
  for (const [name, { packages, add, lines = [] }] of Object.entries(IMAGES)) {
    const tag = baseImage(name);
    if (await has(tag, env)) continue;
    say(`making ${tag} of ${packages.join(", ")}`);
    const folder = mkdtempSync(join(tmpdir(), "krm-image-"));
    try {
      await unpacked(packages, folder);
      const root = join(folder, "root");
      for (const each of ["tmp", "root", "data"]) mkdirSync(join(root, each), { recursive: true });
      chmodSync(join(root, "tmp"), 0o1777);
      await add?.(root);
      const path = "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/busybox";
      const file = ["FROM scratch", "ADD packages.tar /", "COPY root /", path, ...lines];
      writeFileSync(join(folder, "Dockerfile"), `${file.join("\n")}\n`);
      await must("buildah", ["bud", "--quiet", "--tag", tag, folder], { env });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Whether an image is there. */
export async function has(tag, env) {
  const { code } = await capture("podman", ["image", "exists", tag], { env: { ...process.env, ...env } });
  return code === 0;
}
