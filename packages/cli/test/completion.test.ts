import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { candidateLines } from "../src/completion/candidates.ts";
import { completionScript, type Shell, SHELLS } from "../src/completion/scripts.ts";
import { EXIT, run } from "../src/index.ts";
import { createProgram } from "../src/program.ts";
import { fakeIo } from "./fake-io.ts";
import { begin, end, servedCluster, urlOf } from "./served-cluster.ts";

const exec = promisify(execFile);

/** What could stand in place of the last word. */
async function completed(words: readonly string[], env: Record<string, string> = {}): Promise<readonly string[]> {
  const io = fakeIo({ env: { KRM_SERVER: "http://127.0.0.1:9", ...env } });
  const { command } = createProgram(io, { faults: () => "" });
  return (await candidateLines(command, words, io, 30_000)).map((line) => line.split("\t")[0] ?? "");
}

describe("krm completion", () => {
  it.each([
    [["mo"], ["monitor"]],
    [["help", "mon"], ["monitor"]],
    [["--ver"], ["--version"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["get", "pods", "--allow"], ["--allow-insecure-token"]],
    [
      ["get", "pods", "-o", "js"],
      ["json", "jsonpath="],
    ],
    [["get", "pods", "--output=y"], ["--output=yaml"]],
    [
      ["status", "--output", ""],
      ["table", "json", "yaml"],
    ],
    [["serve", "--log-level=w"], ["--log-level=warn"]],
    [["get", "pods", "--token-file", ""], [":files"]],
    [["monitor", "pods", "dep"], ["deployments.apps"]],
    [["get", "--no-headers", "per"], ["persistentvolumeclaims"]],
    [["get", "pods", "-l", ""], []],
    [["get", "pods", "web-1", ""], []],
    [["nothing", ""], []],
    [["get", "pods", "--nothing="], []],
  ])("of %j", async (words, values) => {
    expect(await completed(words)).toEqual(values);
  });

  it("does not offer a flag again, nor what is no command of the user's", async () => {
    expect(await completed(["get", "pods", "-n", "a", "--name"])).toEqual([]);
    expect(await completed([""])).toContain("get");
    expect((await completed([""])).filter((word) => word.startsWith("_"))).toEqual([]);
  });

  it("refuses a shell that it does not know, and names those it knows", async () => {
    const io = fakeIo();
    expect(await run(["completion", "csh"], io)).toBe(EXIT.usage);
    expect(io.stderr.text).toMatch(/csh.*bash, zsh, fish/);
  });

  it("asks the server for resources, names and namespaces", { timeout: 60_000 }, async () => {
    await using cluster = await servedCluster();
    const args = [
      "monitor",
      "pods",
      "deploy",
      "--serve",
      "--listen",
      "127.0.0.1:0",
      "--kubeconfig",
      cluster.kubeconfig,
    ];
    const monitor = begin({}, ...args);
    const KRM_SERVER = await urlOf(monitor);
    await cluster.untilServed(KRM_SERVER);
    expect(await completed(["get", ""], { KRM_SERVER })).toEqual(["pods", "deployments.apps"]);
    const names = await completed(["get", "pods", ""], { KRM_SERVER });
    expect(names).toHaveLength(30);
    const [first = ""] = names;
    expect(await completed(["get", `pod/${first.slice(0, -1)}`], { KRM_SERVER })).toEqual([`pod/${first}`]);
    const namespaces = await completed(["get", "pods", "-n", ""], { KRM_SERVER });
    expect(namespaces.length).toBeGreaterThan(0);
    const [namespace = ""] = namespaces;
    expect(await completed(["get", "pods", `--namespace=${namespace.slice(0, -1)}`], { KRM_SERVER })).toContain(
      `--namespace=${namespace}`,
    );
    expect(await completed(["watch", "pods", "--server", KRM_SERVER, "-n", namespace, ""])).not.toHaveLength(0);
    await end(monitor);
  });
});

describe("the scripts of krm completion", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "krm-completion-"));
    const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url));
    const krm = join(folder, "krm");
    await writeFile(krm, `#!/bin/sh\nexec "${process.execPath}" --conditions=krm-source "${bin}" "$@"\n`);
    await chmod(krm, 0o755);
    for (const shell of SHELLS) await writeFile(join(folder, `${shell}.script`), completionScript(shell));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  /** What each of the shells is to be told to print what it would offer for a line. */
  const ASK: Readonly<Record<Shell, (script: string, line: string) => readonly string[]>> = {
    bash: (script, line) => [
      "-c",
      `source ${script}; COMP_LINE='${line}'; COMP_POINT=${line.length}; _krm; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    // Where there is no terminal to complete on, what would be shown is printed.
    zsh: (script, line) => [
      "-fc",
      `compdef() { :; }; compadd() { print -l -- "\${(@P)\${@[\${@[(I)-d]}+1]}}"; }; source ${script}; words=(\${(z)\${:-'${line}x'}}); words[-1]="\${words[-1]%x}"; CURRENT=\${#words}; _krm`,
    ],
    fish: (script, line) => ["--no-config", "-c", `source ${script}; complete -C '${line}'`],
  };

  // Bash is everywhere; the others where they are.
  it.each(SHELLS.filter((shell) => shell === "bash" || spawnSync(shell, ["--version"]).status === 0))(
    "make %s offer the same",
    async (shell) => {
      const offered = async (line: string): Promise<readonly string[]> => {
        const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, HOME: folder, KRM_SERVER: "" };
        const { stdout } = await exec(shell, ASK[shell](join(folder, `${shell}.script`), line), { env });
        return stdout.split("\n").flatMap((each) => each.split(/\t| {2}/u)[0] || []);
      };
      expect(await offered("krm mo")).toContain("monitor");
      expect(await offered("krm get pods -o y")).toContain("yaml");
      expect((await offered("krm get pods -o j")).toSorted()).toEqual(["json", "jsonpath="]);
      const afterEquals = await offered("krm get pods --output=ya");
      expect(afterEquals).toContain(shell === "bash" ? "yaml" : "--output=yaml");
    },
  );
});
