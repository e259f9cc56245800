import { KrmError } from "@krm/core";
import { type AccessAttributes, type AccessReviews, ClusterAccess, type Identity } from "@krm/server";
import { ManualClock } from "@krm/testkit";
import { describe, expect, it } from "vitest";

const PODS: AccessAttributes = {
  type: "resource",
  verb: "list",
  group: "",
  version: "v1",
  resource: "pods",
  subresource: "",
  namespace: "team-a",
  name: "",
};

/** Tokens are users; nobody has `guess…`. Everybody may do everything in namespaces named like them. */
function reviewsOf(more: Partial<AccessReviews> = {}): AccessReviews & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    reviewToken: async (token) => {
      asked.push(token);
      return token.startsWith("guess") ? undefined : { identity: { user: token }, audiences: ["krm"] };
    },
    reviewAccess: async ({ user }, attributes) => {
      asked.push(JSON.stringify(attributes));
      return { allowed: attributes.type === "resource" && attributes.namespace === user, reason: "so it is" };
    },
    ...more,
  };
}

describe("a flood of distinct tokens", () => {
  it("keeps memory bounded, and displaces nobody who is known", async () => {
    const reviews = reviewsOf();
    const access = new ClusterAccess({ reviews, clock: new ManualClock() });
    await access.authenticate("ada");
    for (let each = 0; each < 10_000; each++) await access.authenticate(`guess-${each}`);
    expect(access.size).toBe(4097);
    reviews.asked.length = 0;
    expect(await access.authenticate("ada")).toEqual({ user: "ada" });
    expect(reviews.asked).toEqual([]);
    for (let each = 0; each < 10_000; each++) await access.authenticate(`user-${each}`);
    expect(access.size).toBe(8192);
  });

  it("and so do accesses", async () => {
    const access = new ClusterAccess({ reviews: reviewsOf(), clock: new ManualClock() });
    for (let each = 0; each < 10_000; each++) {
      await access.authorize({ user: "team-a" }, { ...PODS, name: `pod-${each}` });
      await access.authorize({ user: "ada" }, { ...PODS, name: `pod-${each}` }).catch(() => {});
    }
    expect(access.size).toBe(8192);
  });

  it("that come at once are refused beyond a number, while who is known reads on", async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    const reviews = reviewsOf();
    const slow: AccessReviews = {
      ...reviews,
      reviewToken: async (token) => (token === "ada" ? reviews.reviewToken(token, []) : promise),
    };
    const access = new ClusterAccess({ reviews: slow, clock: new ManualClock() });
    await access.authenticate("ada");
    const waiting = Array.from({ length: 1024 }, async (_, each) => access.authenticate(`guess-${each}`));
    await expect(access.authenticate("one more")).rejects.toMatchObject({ status: { code: 503 } });
    expect(await access.authenticate("ada")).toEqual({ user: "ada" });
    reject(new Error("gone"));
    for (const each of await Promise.allSettled(waiting)) expect(each.status).toBe("rejected");
    expect(access.size).toBe(1);
  });
});

describe("reviews", () => {
  it("of tokens are for an audience that was asked for, whatever the cluster answers", async () => {
    for (const [audiences, known] of [
      [["krm"], true],
      [["other", "krm"], true],
      [["other"], false],
      [[], true],
    ] as const) {
      const access = new ClusterAccess({ reviews: reviewsOf(), audiences, clock: new ManualClock() });
      expect((await access.authenticate("ada")) !== undefined).toBe(known);
    }
    const silent = reviewsOf({ reviewToken: async (token) => ({ identity: { user: token }, audiences: [] }) });
    const access = new ClusterAccess({ reviews: silent, audiences: ["krm"], clock: new ManualClock() });
    expect(await access.authenticate("ada")).toBeUndefined();
  });

  it("of accesses are kept apart by everything that they are decided by", async () => {
    const seen: Identity[] = [];
    const reviews = reviewsOf({
      reviewAccess: async (user) => {
        seen.push(user);
        return { allowed: true };
      },
    });
    const access = new ClusterAccess({ reviews, clock: new ManualClock() });
    const users: readonly Identity[] = [
      { user: "a" },
      { user: "a", groups: ["b"] },
      { user: "a", groups: ["b", "c"] },
      { user: "a", groups: ['b","c'] },
      { user: "a", uid: "b" },
      { user: "a", extra: { b: ["c"] } },
      { user: "a", extra: { b: [], c: [] } },
    ];
    const accesses: readonly AccessAttributes[] = [
      PODS,
      { ...PODS, verb: "get" },
      { ...PODS, group: "apps" },
      { ...PODS, version: "v2" },
      { ...PODS, resource: "secrets" },
      { ...PODS, subresource: "log" },
      { ...PODS, namespace: "" },
      { ...PODS, namespace: "", name: "team-a" },
      { type: "path", verb: "list", path: "" },
    ];
    for (let round = 0; round < 2; round++) {
      for (const user of users) for (const each of accesses) await access.authorize(user, each);
    }
    expect(seen).toHaveLength(users.length * accesses.length);
    await access.authorize({ user: "a", extra: { c: [], b: [] } }, PODS);
    expect(seen).toHaveLength(users.length * accesses.length);
  });

  it("that refuse say why, in the API server's words", async () => {
    const access = new ClusterAccess({ reviews: reviewsOf(), clock: new ManualClock() });
    await expect(access.authorize({ user: "ada" }, PODS)).rejects.toThrow(
      'pods is forbidden: User "ada" cannot list resource "pods" in API group "" in the namespace "team-a": so it is',
    );
  });

  it("are not given up because one of those who wait leaves", async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const access = new ClusterAccess({
      reviews: reviewsOf({ reviewToken: async () => promise }),
      clock: new ManualClock(),
    });
    const reason = new Error("left");
    const leaving = new AbortController();
    const [first, second] = [access.authenticate("guess", { signal: leaving.signal }), access.authenticate("guess")];
    leaving.abort(reason);
    await expect(first).rejects.toBe(reason);
    resolve(undefined);
    expect(await second).toBeUndefined();
  });

  it("that fail make readers wait as long as the cluster says, within bounds", async () => {
    for (const [asked, told] of [
      [7, 7],
      [86_400, 60],
      [0, 1],
      [undefined, 1],
    ] as const) {
      const status = { code: 429, reason: "TooManyRequests", message: "", retryAfterSeconds: asked };
      const busy = reviewsOf({
        reviewAccess: async () => Promise.reject(new KrmError("KRM_API_STATUS", "busy", { status })),
      });
      const access = new ClusterAccess({ reviews: busy, clock: new ManualClock() });
      await expect(access.authorize({ user: "ada" }, PODS)).rejects.toMatchObject({
        status: { code: 503, details: { retryAfterSeconds: told } },
      });
    }
  });

  it("are told to fail once a minute, however many do", async () => {
    const lines: string[] = [];
    const tell = (_: object, line: string): void => {
      lines.push(line);
    };
    const clock = new ManualClock();
    const logger = { debug: tell, info: tell, warn: tell, error: tell };
    const failures = [new KrmError("KRM_CONNECTION", "away"), new KrmError("KRM_DECODE", "odd")];
    const away = reviewsOf({ reviewToken: async (token) => Promise.reject(failures[Number(token) % 2]!) });
    const access = new ClusterAccess({ reviews: away, clock, logger });
    for (let second = 0; second < 120; second++) {
      await access.authenticate(String(second)).catch(() => {});
      await clock.advance(1000);
    }
    const [first, second] = ["away", "odd"].map((what) => `readers cannot be authenticated and get 503: ${what}`);
    expect(lines).toEqual([first, second, first, second]);
  });
});
