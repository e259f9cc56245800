import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const text = read("docs/release.md");
const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> };

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly env?: Readonly<Record<string, string>>;
  readonly container?: { readonly image: string; readonly options: string };
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const commands = (from: string): readonly string[] =>
  [...from.matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name);

describe("docs/release.md", () => {
  it("names commands that there are, and every command of a release", () => {
    expect(commands(text).filter((name) => !(name in scripts))).toEqual([]);
    const releasing = Object.keys(scripts).filter((name) => name.startsWith("release:"));
    expect(releasing.filter((name) => !commands(text).includes(name))).toEqual([]);
  });

  it("links to files that there are", () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((path) => !existsSync(join(root, "docs", path)))).toEqual([]);
  });
});

describe.each(readdirSync(join(root, ".github/workflows")))("the workflow %s", (file) => {
  const source = read(`.github/workflows/${file}`);
  const workflow = parse(source) as Workflow;
  const jobs = Object.entries(workflow.jobs);

  it("runs what there is", () => {
    const lines = jobs.flatMap(([, { steps }]) => steps.flatMap(({ run }) => (run === undefined ? [] : [run])));
    expect(lines.filter((line) => commands(line).some((name) => !(name in scripts)))).toEqual([]);
    expect(lines.filter((line) => line.startsWith(".") && !existsSync(join(root, line)))).toEqual([]);
    expect(lines).toContain(".ci/run");
  });

  it("runs all tests as root on Debian, where what they need can be installed", () => {
    const proofs = jobs.filter(([, { steps }]) => steps.some(({ run }) => run?.includes(".ci/run")));
    for (const [name, { container, env, steps }] of proofs) {
      const image = `node:${read(".node-version").trim()}-bookworm`;
      expect(container, name).toEqual({ image, options: "--privileged" });
      expect(env, name).toEqual({ KRM_E2E: "required" });
      const lines = steps.flatMap(({ run }) => run ?? []);
      // Git refuses root the files of the runner's user.
      const allowed = lines.findIndex((line) => line.includes("safe.directory"));
      expect(allowed, name).not.toBe(-1);
      expect(allowed, name).toBeLessThan(lines.indexOf(".ci/run"));
    }
  });

  it("publishes packages with the npm of .node-version", () => {
    for (const [name, { steps }] of jobs.filter(([, job]) => job.permissions?.["id-token"] === "write")) {
      const setup = steps.find(({ uses }) => uses?.startsWith("actions/setup-node@"));
      expect(setup?.with, name).toEqual({ "node-version-file": ".node-version" });
    }
  });

  it("may write nothing, but who publishes to npm may say who it is", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    const more = jobs.filter(([, { permissions }]) => permissions !== undefined);
    for (const [, { permissions, steps }] of more) {
      expect(permissions).toEqual({ contents: "read", "id-token": "write" });
      expect(steps.some(({ run }) => run?.includes("release:packages"))).toBe(true);
    }
  });

  it("takes every registry from a variable that docs/release.md has", () => {
    const variables = [...source.matchAll(/(?:vars|secrets)\.(\w+)/g)].map(([, name = ""]) => name);
    expect(variables.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
    expect(source).not.toMatch(/ghcr\.io|docker\.io|quay\.io/);
  });
});
