import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { buildContext } from "../scripts/containers/build-context.ts";

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

describe("Dockerfile", () => {
  const dockerfile = read("Dockerfile");
  const lines = dockerfile.split("\n");

  test("builds and runs on the Node.js of .node-version", () => {
    expect(lines).toContain(`ARG BUILD_IMAGE=docker.io/library/node:${read(".node-version").trim()}-bookworm-slim`);
    expect(lines).toContain("COPY --from=build /usr/local/bin/node /usr/local/bin/node");
  });

  test("runs krm as a user with a number, without a shell, and leaves health to probes", () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
    expect(last).toContain('ENTRYPOINT ["krm"]');
    expect(last).toMatch(/^USER [1-9]\d+:[1-9]\d+$/m);
    expect(last).not.toMatch(/^(?:RUN|CMD|HEALTHCHECK|SHELL)\b/m);
  });
});

describe(".dockerignore", () => {
  test("lets through what is named, and nothing else", () => {
    const [first, ...others] = read(".dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(first).toBe("*");
    const ignored = others.filter((line) => !line.startsWith("!"));
    // Folders of which only parts are let through.
    expect(ignored).toEqual(["deploy/*", "packages/*/*"]);
    const known = others.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    for (const part of [".git", "test", "golden", "node_modules", ".toolchain"])
      expect(known.some((line) => line.split("/").includes(part))).toBe(false);
  });

  test("is what the end-to-end test knows the image's sources by", () => {
    const files = buildContext(fileURLToPath(new URL("..", import.meta.url)));
    for (const file of ["Dockerfile", ".node-version", "deploy/docker/finish.mjs", "packages/cli/src/bin.ts"])
      expect(files).toContain(file);
    const parts = ["test", "dist", "node_modules", "helm", "golden"];
    expect(files.filter((file) => file.split("/").some((part) => parts.includes(part)))).toEqual([]);
  });
});
