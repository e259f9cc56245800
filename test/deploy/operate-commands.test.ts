import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { EXIT, run as runKrm } from "@krm/cli";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { objects } from "../../deploy/render/documents.ts";
import { helmTemplate } from "../../deploy/render/helm-template.ts";
import type { KubernetesObject } from "../../deploy/render/kubernetes-object.ts";
import { podTemplates } from "./support/pod-templates.ts";
import { CHART, DEPLOY, HELM } from "./support/rendered-chart.ts";
import { commandsOf, filesOf, inlineCommandsOf, OPERATE, ROOT } from "./support/operate-document.ts";

const ran = vi.hoisted(() => vi.fn<() => Promise<boolean>>(async () => true));
// What a command does once its command line is right is not done here.
vi.mock("../../packages/cli/src/commands/status/run-status.ts", () => ({ runStatus: ran }));
vi.mock("../../packages/cli/src/commands/get/run-get.ts", () => ({ runGet: ran }));

const KUBECTL = process.env["KRM_TEST_KUBECTL"];
const exec = promisify(execFile);
const blocks = commandsOf(OPERATE);
const commands = [...blocks, ...inlineCommandsOf(OPERATE, ["helm", "kubectl"])];
const of = (program: string): typeof commands => commands.filter((command) => command.program === program);

/** What the document may ask for beside KRM's own, all of which it says is needed. */
const NEEDED = ["docker", "kind", "k3d", "kubectl", "helm", "openssl", "krm", "curl", "cp", "head", "mkdir", "rm"];

/** Flags as they stand in a command, without their values. */
const flagsOf = (args: readonly string[]): readonly string[] =>
  args.filter((arg) => /^--?[a-z]/.test(arg)).map((arg) => arg.replace(/=.*/, ""));

/** The values of a flag that may come several times, as `--set a=b` or `--set=a=b`. */
const valuesOf = (args: readonly string[], flag: string): readonly string[] =>
  args.flatMap((arg, at) => {
    if (arg === flag) return [args[at + 1] ?? ""];
    return arg.startsWith(`${flag}=`) ? [arg.slice(flag.length + 1)] : [];
  });

describe("the commands of docs/operate.md", () => {
  it("are of programs that it says are needed", () => {
    expect([...new Set(blocks.map(({ program }) => program))].filter((program) => !NEEDED.includes(program))).toEqual(
      [],
    );
    for (const program of ["helm", "kubectl", "krm"]) expect(of(program).length, program).toBeGreaterThan(2);
  });

  it.each(of("krm").map(({ line, args }) => [line, args] as const))("krm takes: %s", async (_line, args) => {
    ran.mockClear();
    let told = "";
    const output = { isTTY: false, columns: 100, rows: 40, write: (text: string) => ((told += text), true) };
    const { signal } = new AbortController();
    expect([await runKrm(args, { stdout: output, stderr: output, env: {}, signal }), told]).toEqual([EXIT.ok, ""]);
    expect(ran).toHaveBeenCalledOnce();
  });

  it("give docker only arguments that the Dockerfile has", async () => {
    const dockerfile = await readFile(join(ROOT, "Dockerfile"), "utf8");
    for (const { args } of of("docker")) {
      expect(args.at(-1)).toBe(".");
      for (const argument of valuesOf(args, "--build-arg"))
        expect(dockerfile).toMatch(new RegExp(`^ARG ${argument.split("=")[0]}=`, "m"));
    }
  });

  it("write keys and tokens into one folder alone, which git passes over, and which they remove", async () => {
    const written = blocks.flatMap(({ line, program, args }) => [
      ...[...line.matchAll(/(?:> |-keyout |-out )(\S+)/g)].map(([, path = ""]) => path),
      ...(program === "cp" ? args.slice(-1) : []),
    ]);
    expect(written.length).toBeGreaterThan(4);
    expect([...written, ...filesOf(OPERATE).keys()].filter((path) => !path.startsWith("my-krm/"))).toEqual([]);
    expect((await readFile(join(ROOT, ".gitignore"), "utf8")).split("\n")).toContain("/my-krm/");
    expect(blocks.filter(({ line }) => line === "rm -r my-krm")).toHaveLength(2);
  });
});

describe.skipIf(HELM === undefined)("helm, as docs/operate.md has it", () => {
  it.each(of("helm").map(({ line, args }) => [line, args] as const))("knows its flags: %s", async (_line, args) => {
    const [subcommand = ""] = args;
    const { stdout: help } = await exec(HELM ?? "", [subcommand, "--help"]);
    expect(help).toContain(`helm ${subcommand}`);
    for (const flag of flagsOf(args.slice(1))) expect(help, flag).toMatch(new RegExp(`${flag}[ ,]`));
  });

  it.each(
    of("helm")
      .filter(({ args }) => ["install", "upgrade"].includes(args[0] ?? ""))
      .map(({ line, args }) => [line, args] as const),
  )("the chart renders what it sets: %s", async (_line, args) => {
    expect(args.slice(1, 3)).toEqual(["krm", "deploy/helm/krm"]);
    expect(join(ROOT, args[2] ?? "")).toBe(CHART);
    const set = valuesOf(args, "--set");
    const rendered = objects(await helmTemplate({ helm: HELM ?? "", chart: CHART, namespace: "krm", set }));
    const images = podTemplates(rendered).flatMap(({ spec }) => spec.containers.map(({ image }) => image));
    const tag = set.find((pair) => pair.startsWith("image.tag="))?.slice("image.tag=".length);
    expect(images.some((image) => image.endsWith(`krm:${tag}`))).toBe(true);
  });
});

describe.skipIf(KUBECTL === undefined || HELM === undefined)("kubectl, as docs/operate.md has it", () => {
  let known: readonly KubernetesObject[];
  let globalFlags: string;
  beforeAll(async () => {
    const set = ["influxdb.enabled=true", "chronograf.enabled=true", "server.tls.existingSecret=krm-tls"];
    known = objects(await helmTemplate({ helm: HELM ?? "", chart: CHART, set }));
    globalFlags = (await exec(KUBECTL ?? "", ["options"])).stdout;
  });

  it.each(of("kubectl").map(({ line, args }) => [line, args] as const))("knows its flags: %s", async (_line, args) => {
    const words = args.filter((arg, at) => !arg.startsWith("-") && !/^(-n|--[a-z-]+)$/.test(args[at - 1] ?? ""));
    const depth = ["create", "rollout"].includes(words[0] ?? "") ? 2 : 1;
    // `kubectl create secret generic`, `kubectl create token`: each with flags of its own.
    const path = words[1] === "secret" ? words.slice(0, 3) : words.slice(0, depth);
    const { stdout: help } = await exec(KUBECTL ?? "", [...path, "--help"]);
    expect(help).toContain(`kubectl ${path.join(" ")}`);
    for (const flag of flagsOf(args)) expect(`${help}${globalFlags}`, flag).toMatch(new RegExp(`(?:^|\\s)${flag}[=,]`));
  });

  it("names objects that there are", () => {
    const named = of("kubectl").flatMap(({ args }) => args.filter((arg) => /^[a-z]+\/krm[a-z-]*$/.test(arg)));
    expect(named.length).toBeGreaterThan(3);
    const there = known.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
    expect(named.filter((name) => !there.includes(name))).toEqual([]);
  });

  describe("apply -k", () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "krm-operate-"));
      await cp(join(DEPLOY, "manifests"), join(folder, "deploy/manifests"), { recursive: true });
      for (const [name, text] of filesOf(OPERATE)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
      // Made by a command of the document.
      await writeFile(join(folder, "my-krm/password"), "secret\n");
    });
    afterAll(async () => rm(folder, { recursive: true }));

    it("builds the shape standard with the image, and with the Secret that it needs", async () => {
      const folders = new Set(of("kubectl").flatMap(({ args }) => valuesOf(args, "-k")));
      expect([...folders]).toEqual(["my-krm"]);
      const { stdout } = await exec(KUBECTL ?? "", ["kustomize", join(folder, "my-krm")], { maxBuffer: 1 << 26 });
      const built = objects(stdout);
      const images = podTemplates(built).flatMap(({ spec }) => spec.containers.map(({ image }) => image));
      expect(images).toContain("krm:dev");
      expect(images.filter((image) => image.includes("invalid"))).toEqual([]);
      const secrets = built.filter(({ kind }) => kind === "Secret").map(({ metadata }) => metadata.name);
      const wanted = podTemplates(built).flatMap(
        ({ spec }) => JSON.stringify(spec).match(/"secretName":"[^"]+"/g) ?? [],
      );
      expect([...new Set(wanted)]).toEqual(secrets.map((name) => `"secretName":"${name}"`));
      expect(built.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name)).toEqual(["krm"]);
    });
  });
});
