import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const run = promisify(execFile);
const scripts = fileURLToPath(new URL("../../scripts", import.meta.url));
const IMAGE = "registry.example.com/krm";

/** Notes how it is called; knows the image if there is a file `pushed`. */
const DOCKER = `#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
if [ "$3" = inspect ]; then test -e "$(dirname "$0")/pushed"; fi
`;

describe("npm run release:image, with a docker that only notes what it is told", () => {
  let root: string;
  let bin: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "krm-release-"));
    bin = join(root, "bin");
    await cp(scripts, join(root, "scripts"), { recursive: true });
    await mkdir(bin);
    await writeFile(join(bin, "docker"), DOCKER);
    await chmod(join(bin, "docker"), 0o755);
    await sourcesAt("git+https://git.example.com/krm.git");
    await git("init", "--quiet");
    await git("add", "packages");
    await git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message=a");
  });
  afterEach(async () => rm(root, { recursive: true }));

  const git = async (...args: readonly string[]): Promise<unknown> => run("git", args, { cwd: root });

  async function sourcesAt(url: string): Promise<void> {
    const manifest = { name: "@krm/core", version: "1.2.3", repository: { url } };
    await mkdir(join(root, "packages/core"), { recursive: true });
    await writeFile(join(root, "packages/core/package.json"), JSON.stringify(manifest));
  }

  /** What it says, and what docker was told. */
  async function released(...args: readonly string[]): Promise<{ readonly said: string; readonly calls: string }> {
    const env = { ...process.env, KRM_IMAGE: IMAGE, PATH: [bin, process.env["PATH"]].join(delimiter) };
    const script = join(root, "scripts/release-image.mjs");
    const said = await run(process.execPath, [script, ...args], { env }).then(
      ({ stdout }) => stdout,
      (error: { readonly stdout: string }) => error.stdout,
    );
    return { said, calls: await readFile(join(bin, "calls"), "utf8").catch(() => "") };
  }

  it("builds and pushes the version with all its tags", async () => {
    const { calls } = await released();
    for (const tag of ["1.2.3", "1.2", "1", "latest"]) expect(calls).toContain(` --tag=${IMAGE}:${tag} `);
    expect(calls).toContain("--build-arg=SOURCE=https://git.example.com/krm.git");
  });

  it("builds no version twice: the tags that follow it are set to what is there", async () => {
    await writeFile(join(bin, "pushed"), "");
    const { said, calls } = await released();
    expect(said).toContain(`${IMAGE}:1.2.3 is there already`);
    expect(calls.trim().split("\n")).toEqual([
      `buildx imagetools inspect ${IMAGE}:1.2.3`,
      `buildx imagetools create --tag=${IMAGE}:1.2 --tag=${IMAGE}:1 --tag=${IMAGE}:latest ${IMAGE}:1.2.3`,
    ]);
  });

  it("takes no tag back from a newer version", async () => {
    await git("tag", "v2.0.0");
    await git("tag", "v1.3.0");
    const { calls } = await released();
    expect(calls).toContain(` --tag=${IMAGE}:1.2 `);
    expect(calls).not.toMatch(/:1 |:latest /);
  });

  it("is refused while it is not decided where the sources are, but for a dry run", async () => {
    await sourcesAt("git+https://example.invalid/krm.git");
    const { said, calls } = await released();
    expect(said).toMatch(/^\[release\] "repository" in the package\.json of @krm\/core is .*: set it to/);
    expect(calls).toBe("");
    expect((await released("--dry-run")).said).toMatch(/would run: docker buildx build/);
  });
});
