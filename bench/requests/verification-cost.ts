import { startProcess } from "../redis/process.ts";
import type { ApiServer } from "./api-server.ts";
import type { VerificationClient } from "./verification-client.ts";

/** A way to verify. */
export interface VerificationForm {
  readonly label: string;
  /** The API server lists without bodies. */
  readonly metadata: boolean;
  /** Requests an hour: with many, a round asks for a hundred objects by name, with few for one. */
  readonly budget: number;
}

/** What one verification costs, the median of some. */
export interface VerificationCost extends VerificationForm {
  readonly mode: string;
  readonly clientMs: number;
  readonly serverMs: number;
  readonly requests: number;
  readonly asked: number;
  /** Of the answers' bodies. */
  readonly bytes: number;
}

const FORMS: readonly VerificationForm[] = [
  { label: "metadata only", metadata: true, budget: 1 },
  { label: "… and 100 objects by name", metadata: true, budget: 1_000_000 },
  { label: "full LIST", metadata: false, budget: 1 },
];
const WARM_UP = 2;

/** Verifies so many pods over HTTPS, in each form, `rounds` times. */
export async function measureVerification(pods: number, rounds: number): Promise<readonly VerificationCost[]> {
  const server = await startProcess<ApiServer>("../requests/api-server.ts", undefined);
  const kubeconfig = await server.ask.start(pods);
  const costs: VerificationCost[] = [];
  for (const form of FORMS) {
    const client = await startProcess<VerificationClient>("../requests/verification-client.ts", undefined);
    await client.ask.start(kubeconfig, form.metadata, form.budget);
    const measured: Omit<VerificationCost, keyof VerificationForm>[] = [];
    for (let round = -WARM_UP; round < rounds; round++) {
      // Where nothing happened a verification asks for the newest state, and not for that of one version.
      await client.ask.shows(await server.ask.change());
      await server.ask.reset();
      await server.ask.begin("verification");
      await client.ask.begin("verification");
      const told = await client.ask.verify();
      const clientMs = await client.ask.end();
      const serverMs = await server.ask.end();
      const bytes = (await server.ask.requests()).reduce((sum, each) => sum + each.bytes, 0);
      if (round >= 0) measured.push({ ...told, clientMs, serverMs, bytes });
    }
    await client.stop();
    const of = (pick: (one: (typeof measured)[number]) => number): number => median(measured.map(pick));
    costs.push({
      ...form,
      mode: [...new Set(measured.map(({ mode }) => mode))].join(", "),
      clientMs: of((one) => one.clientMs),
      serverMs: of((one) => one.serverMs),
      requests: of((one) => one.requests),
      asked: of((one) => one.asked),
      bytes: of((one) => one.bytes),
    });
  }
  await server.stop();
  return costs;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
