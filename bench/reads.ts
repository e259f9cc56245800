/**
 * What reads cost the server, in its CPU time, against the budgets of the design, beside an API server: 10,008 pods, one of
 * which changes every tenth request, so that nothing can be answered from what an earlier request found.
 *
 *     npm run bench:reads -- [--pods 10008] [--rounds 3] [--kubeconfig FILE | --alone] [--only TEXT]
 *
 * With a kubeconfig (or KRM_TEST_KUBECONFIG) the pods are those of that cluster, which nothing changes, and its own
 * `/metrics` says what CPU it takes. Without one it stands beside the simulated API server, which is there for the
 * shape of the answers: its CPU says nothing of a real one's. `--only`: the reads that have this text in their names.
 */
import { parseArgs } from "node:util";
import { BARE, type Case, flatCases, kubernetesCases } from "./reads/cases.ts";
import { apiServer, ownProcess, type Subject } from "./reads/subject.ts";

const { values } = parseArgs({
  options: {
    pods: { type: "string", default: "10008" },
    rounds: { type: "string", default: "3" },
    kubeconfig: { type: "string", default: process.env["KRM_TEST_KUBECONFIG"] ?? "" },
    alone: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
const rounds = Number(values.rounds);

/** Requests between two changes. */
const CHANGE_EVERY = 10;

interface Figure {
  readonly cpuMs: number[];
  readonly wallMs: number[];
  bytes: number;
}

async function measure(subject: Subject, one: Case, figure: Figure): Promise<void> {
  let etag: string | undefined;
  const began = performance.now();
  await subject.start();
  for (let sent = 1; sent <= one.requests; sent += 1) {
    const headers: Record<string, string> = { ...one.headers };
    if (one.revalidates === true && etag !== undefined) headers["if-none-match"] = etag;
    const read = await subject.read(one.path, headers);
    if (read.status !== 200 && read.status !== 304) throw new Error(`${one.path}: ${read.status}`);
    if (read.status === 200) figure.bytes = read.bytes;
    etag = read.etag;
    if (sent % CHANGE_EVERY === 0) await subject.change();
  }
  const cpuMs = await subject.stop();
  if (cpuMs !== undefined) figure.cpuMs.push(cpuMs / one.requests);
  figure.wallMs.push((performance.now() - began) / one.requests);
}

async function measureAll(subject: Subject, cases: readonly Case[]): Promise<ReadonlyMap<Case, Figure>> {
  const figures = new Map<Case, Figure>(cases.map((one) => [one, { cpuMs: [], wallMs: [], bytes: 0 }]));
  // Every index is made, and every function compiled.
  for (const one of cases)
    for (let warm = 0; warm < Math.min(8, one.requests); warm += 1) await subject.read(one.path, one.headers);
  for (let round = 0; round < rounds; round += 1)
    for (const [one, figure] of figures) await measure(subject, one, figure);
  return figures;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function beyondBare(figures: ReadonlyMap<Case, Figure>, one: Case): number {
  const cpu = median(figures.get(one)?.cpuMs ?? []);
  return cpu - (one === BARE ? 0 : median(figures.get(BARE)?.cpuMs ?? []));
}

function shown(figure: number): string {
  return Number.isNaN(figure) ? "" : figure >= 10 ? figure.toFixed(1) : figure.toFixed(3);
}

const real = values.kubeconfig !== "";
const krm = real
  ? await ownProcess("KRM", "./krm-monitor.ts", values.kubeconfig)
  : await ownProcess("KRM", "./krm-server.ts", values.pods);
const { objects, bytes } = krm.ready;
console.error(`${objects} pods of ${(bytes / objects / 1024).toFixed(1)} KiB as kept, ${rounds} rounds`);
const peer = values.alone
  ? undefined
  : real
    ? await apiServer(values.kubeconfig)
    : await ownProcess("simulated API server", "./simulated-peer.ts", values.pods);

const all = await kubernetesCases(krm);
const chosen = ({ label }: Case): boolean => label.includes(values.only);
const cases = all.filter(chosen);
const ours = await measureAll(krm, [BARE, ...cases, ...flatCases(all).filter(chosen)]);
// The simulated API server shows shapes, and takes its time for them.
const asPeer = real ? cases : cases.map((one) => ({ ...one, requests: Math.max(2, one.requests / 20) }));
const theirs = peer && (await measureAll(peer, [BARE, ...asPeer]));
krm.close();
peer?.close();

console.log(
  `| Read | KRM: CPU ms beyond the bare route | Budget | KRM: bytes | ${peer?.name ?? "peer"}: CPU ms | bytes |`,
);
console.log("|---|---|---|---|---|---|");
for (const [one, figure] of ours) {
  const peerCase = [...(theirs?.keys() ?? [])].find(({ label }) => label === one.label);
  const their = peerCase && theirs?.get(peerCase);
  const peerCpu = theirs === undefined || their === undefined ? Number.NaN : beyondBare(theirs, peerCase ?? one);
  const cells = [shown(beyondBare(ours, one)), one.budget ?? "", figure.bytes, shown(peerCpu), their?.bytes ?? ""];
  console.log(`| ${one.label} | ${cells.join(" | ")} |`);
}
