/**
 * What reads cost the server, in its CPU time, against the budgets of the design: 10,008 pods, one of which changes
 * every tenth request, so that nothing can be answered from what an earlier request found.
 *
 *     node scripts/run.mjs node --conditions=krm-source bench/reads.ts [--pods 10008] [--rounds 3]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { pods: { type: "string", default: "10008" }, rounds: { type: "string", default: "3" } },
});
const rounds = Number(values.rounds);

/** Requests between two changes. */
const CHANGE_EVERY = 10;

type Answer =
  | { readonly type: "ready"; readonly url: string; readonly objects: number; readonly bytes: number }
  | { readonly type: "changed" }
  | { readonly type: "used"; readonly cpuMs: number };

const child = fork(new URL("./reads-server.ts", import.meta.url), [values.pods], {
  execArgv: ["--conditions=krm-source"],
  stdio: ["ignore", 2, 2, "ipc"],
});

async function answer<T extends Answer["type"]>(type: T): Promise<Extract<Answer, { type: T }>> {
  const [message] = (await once(child, "message")) as [Answer];
  if (message.type !== type) throw new Error(`expected ${type}, got ${message.type}`);
  return message as Extract<Answer, { type: T }>;
}

const { url, objects, bytes } = await answer("ready");
console.error(`${objects} pods of ${(bytes / objects / 1024).toFixed(1)} KiB as kept, ${rounds} rounds`);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Reads an answer to its end; its size in bytes. */
async function read(path: string): Promise<number> {
  const [response] = await once(get(url + path, { agent }), "response");
  let size = 0;
  for await (const chunk of response) size += chunk.length;
  if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`);
  return size;
}

interface Case {
  readonly label: string;
  readonly path: string;
  readonly requests: number;
  /** Milliseconds of CPU time. */
  readonly budget?: number;
}

const bare: Case = { label: "a bare route (/livez)", path: "/livez", requests: 2000 };
const first = (await (await fetch(`${url}/pods?namespace=ns-0&limit=1`)).json()) as {
  readonly items: readonly [{ readonly metadata: { readonly name: string } }];
};
const cases: readonly Case[] = [
  bare,
  {
    label: "GET one pod",
    path: `/pods?namespace=ns-0&name=${first.items[0].metadata.name}`,
    requests: 2000,
    budget: 0.1,
  },
  { label: "LIST one namespace (500)", path: "/pods?namespace=ns-0", requests: 200, budget: 3 },
  { label: "LIST by label (50)", path: "/pods?labelSelector=group%3Dg-7", requests: 400, budget: 1 },
  { label: "LIST by node (200)", path: "/pods?fieldSelector=spec.nodeName%3Dnode-7", requests: 400, budget: 1.5 },
  { label: "LIST all", path: "/pods", requests: 20, budget: 65 },
];

async function measure({ path, requests }: Case): Promise<number> {
  child.send("start");
  for (let sent = 1; sent <= requests; sent += 1) {
    await read(path);
    if (sent % CHANGE_EVERY === 0) {
      child.send("change");
      await answer("changed");
    }
  }
  child.send("stop");
  return (await answer("used")).cpuMs / requests;
}

for (const { path } of cases) for (let warm = 0; warm < 20; warm += 1) await read(path);
const measured = new Map<Case, number[]>(cases.map((one) => [one, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const one of cases) measured.get(one)?.push(await measure(one));
}
agent.destroy();
child.disconnect();
child.kill();

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const base = median(measured.get(bare) ?? []);
console.log("| read | CPU ms | beyond the bare route | budget |\n|---|---|---|---|");
for (const [one, numbers] of measured) {
  const cpu = median(numbers);
  console.log(`| ${one.label} | ${cpu.toFixed(3)} | ${(cpu - base).toFixed(3)} | ${one.budget ?? ""} |`);
}
