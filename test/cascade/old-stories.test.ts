// A source that tells again and again how something was made that is long gone. Each story may be news (another KRM that puts
// itself right tells it so), and only a verification can tell.
import { PODS } from "@krm/core";
import type { ClusterEvent } from "@krm/testkit";
import { expect, test } from "vitest";
import { pod } from "../roles/support.ts";
import { touch } from "../faults/changes.ts";
import { apiError } from "../faults/faults-of-a-source.ts";
import { scene, type SourceScene } from "../faults/scenario.ts";

const HOUR_MS = 3_600_000;
const STEP_MS = 5000;

interface Storyteller extends AsyncDisposable {
  readonly scene: SourceScene;
  /** After each event comes the story. */
  telling: boolean;
  /** Every request but that for a watch is refused. */
  refusing: boolean;
  /** Requests but those for a watch. */
  asked: number;
}

async function storyteller(): Promise<Storyteller> {
  let story: ClusterEvent | undefined;
  const teller = { telling: false, refusing: false, asked: 0 };
  const made = await scene({
    seed: 3,
    monitor: { verifyEveryMs: 300_000 },
    source: () => ({
      tell: (event) => {
        if (event.type === "ADDED" && event.object.metadata.name === "gone") story = event;
        return teller.telling && story !== undefined ? [event, story] : [event];
      },
      beforeRequest: ({ verb }) => {
        if (verb === "watch") return;
        teller.asked++;
        if (teller.refusing) throw apiError(429, { retryAfterSeconds: 120 });
      },
    }),
  });
  pod(made.cluster, "gone");
  await made.pass(1000);
  made.cluster.delete(PODS, "team-a", "gone");
  await made.pass(1000);
  await made.verified();
  return Object.assign(teller, { scene: made, [Symbol.asyncDispose]: async () => made[Symbol.asyncDispose]() });
}

/** Something changes every five seconds; how much was asked meanwhile. */
async function lives(teller: Storyteller, ms: number): Promise<number> {
  const before = teller.asked;
  for (let left = ms; left > 0; left -= STEP_MS) {
    touch(teller.scene.cluster, "p1");
    await teller.scene.pass(STEP_MS);
  }
  return teller.asked - before;
}

test("stories that are told again and again cost no more than the budget, and put no verification off", async () => {
  await using teller = await storyteller();
  await lives(teller, HOUR_MS);
  teller.telling = true;
  expect(await lives(teller, HOUR_MS)).toBeLessThanOrEqual(600);
  teller.telling = false;
  const { scene: made } = teller;
  const { snapshots } = await made.verifier();
  await made.pass(15 * 60_000);
  expect((await made.verifier()).snapshots).toBeGreaterThan(snapshots);
  expect(made.drift).toEqual([]);
});

test("the first story is looked into within ten seconds", async () => {
  await using teller = await storyteller();
  await lives(teller, 60_000);
  const before = teller.asked;
  teller.telling = true;
  await lives(teller, 10_000);
  expect(teller.asked).toBeGreaterThan(before);
});

test("no story hurries a verification that the API server has refused for a time", async () => {
  await using teller = await storyteller();
  teller.refusing = true;
  teller.scene.monitor.verifyNow();
  await lives(teller, 20_000);
  teller.telling = true;
  expect(await lives(teller, 90_000)).toBe(0);
});
