import { EXIT, run } from "@krm/cli";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { allContainers, type Container, podTemplates } from "./support/pod-templates.ts";
import { HELM, renderChart } from "./support/rendered-chart.ts";
import { CASE_NAMES, VALUE_CASES } from "./support/value-cases.ts";

const ran = vi.hoisted(() => vi.fn<() => Promise<boolean>>(async () => true));
// What a command does once its command line is right is not done here.
vi.mock("../../packages/cli/src/commands/stream/run-stream.ts", () => ({ runStream: ran }));
vi.mock("../../packages/cli/src/commands/verify/run-verify.ts", () => ({ runVerify: ran }));
vi.mock("../../packages/cli/src/commands/merge/run-merge.ts", () => ({ runMerge: ran }));
vi.mock("../../packages/cli/src/commands/serve/run-serve.ts", () => ({ runServe: ran }));
vi.mock("../../packages/cli/src/commands/metrics/run-metrics.ts", () => ({ runMetrics: ran }));
vi.mock("../../packages/cli/src/commands/monitor/run-monitor.ts", () => ({ runMonitor: ran }));
vi.mock("../../packages/cli/src/commands/status/run-status.ts", () => ({ runStatus: ran }));
vi.mock("../../packages/cli/src/commands/doctor/run-doctor.ts", () => ({ runDoctor: ran }));

/** Runs krm as a container of the chart would: the exit code, and what it says. */
async function krm({ args = [], env = [] }: Container): Promise<readonly [code: number, told: string]> {
  let told = "";
  const output = { isTTY: false, columns: 100, rows: 40, write: (text: string) => ((told += text), true) };
  const variables = Object.fromEntries(env.map(({ name, value }) => [name, value ?? fromSecret(name)]));
  const { signal } = new AbortController();
  const code = await run(args, { stdout: output, stderr: output, env: variables, signal });
  return [code, told];
}

/** What a Secret of one's own may hold. */
function fromSecret(variable: string): string {
  expect(variable).toBe("KRM_STORE");
  return "rediss+sentinel://s1:26379,s2:26379/main?user=krm&passwordFile=/etc/krm/store/password&ca=/etc/krm/store/ca.crt";
}

const commands = new Set<string>();

describe.skipIf(HELM === undefined)("the command line of each container", () => {
  let hasDoctor: boolean;
  beforeAll(async () => {
    const [, help] = await krm({ name: "help", image: "", args: ["--help"] });
    hasDoctor = /^ {2}doctor /m.test(help);
  });

  it.each(CASE_NAMES)("is one that krm takes: %s", async (name) => {
    const pods = podTemplates(await renderChart(VALUE_CASES[name] ?? {}));
    const containers = pods.flatMap((pod) => allContainers(pod)).filter(({ image }) => image.includes("/krm"));
    expect(containers.length).toBeGreaterThan(0);
    for (const container of containers.filter(({ args }) => hasDoctor || args?.[0] !== "doctor")) {
      ran.mockClear();
      commands.add(container.args?.[0] ?? "");
      expect(await krm(container), container.args?.join(" ")).toEqual([EXIT.ok, ""]);
      expect(ran, container.name).toHaveBeenCalledOnce();
    }
  });

  it("is tried for every command that containers have", () => {
    const wanted = ["stream", "verify", "merge", "serve", "metrics", "monitor", "status"];
    expect([...commands].toSorted()).toEqual([...wanted, ...(hasDoctor ? ["doctor"] : [])].toSorted());
  });

  it("would be refused if a flag of it were not there", async () => {
    const wrong: Container = {
      name: "a",
      image: "",
      args: ["stream", "pods", "--store=redis://h", "--verify-every=5m"],
    };
    expect(await krm(wrong)).toEqual([EXIT.usage, expect.stringContaining("unknown option '--verify-every=5m'")]);
  });
});
