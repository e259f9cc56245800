import { describe, expect, it } from "vitest";
import { type GuardedCluster, guardedCluster, type Told } from "./guarded-cluster.ts";

const WATCH = "/api/v1/namespaces/team-a/pods?watch=1&timeoutSeconds=600";

/** Opens a watch; what it told, once it has ended. */
async function open({ clock, krm, reviews }: GuardedCluster): Promise<{ readonly ended: Promise<Told> }> {
  const sleepers = clock.pending;
  const ended = krm("ada", WATCH);
  // The next check, and the watch's own end.
  await clock.untilSleeping(sleepers + 2);
  expect(reviews("subjectaccessreviews")).toBe(1);
  return { ended };
}

describe("an open watch", () => {
  it.each([
    ["the right is taken away", async ({ grant }: GuardedCluster) => grant("ada")],
    ["the token is", async ({ apiServer }: GuardedCluster) => apiServer.users.delete("ada")],
    ["the cluster does not answer any more", async ({ apiServer }: GuardedCluster) => apiServer.stop()],
  ])("ends within 20 seconds when %s", async (_what, happens) => {
    await using guarded = await guardedCluster();
    const { ended } = await open(guarded);
    await guarded.clock.advance(9999);
    await happens(guarded);
    await guarded.clock.advance(10_001);
    const { body, status } = await ended;
    expect(status).toBe(200);
    expect(body).toContain('"type":"ADDED"');
    expect(body).not.toContain("team-b");
    expect((await guarded.krm("ada", WATCH)).status).not.toBe(200);
  });
});
