import { NODES, PODS, type StoredObject } from "@krm/core";
import type { AuditEvent } from "@krm/server";
import type { LightMyRequestResponse } from "fastify";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { failure, type TestApp, testApp } from "../support/app.ts";
import { blocked, fill, metaAt, object, pod, streamerReport, writer } from "../support/fixtures.ts";
import { Readers } from "./readers.ts";

const FORMS = ["", "/api/v1"] as const;

let readers: Readers;
beforeEach(() => {
  readers = new Readers();
  readers.may.set("ada", ["team-a", "team-a-b", "elsewhere"]);
  readers.may.set("bob", ["team-b"]);
  readers.may.set("ops", ["*"]);
});

/** Three pods in each of three namespaces, whose names are in no simple order. */
const PODS_OF_ALL: readonly StoredObject[] = ["team-a", "team-a-b", "team-b"].flatMap((namespace) =>
  ["x", "y", "z"].map((name) => pod({ name, namespace, labels: { app: name } }, `node-of-${namespace}`)),
);

async function served(objects: readonly StoredObject[] = PODS_OF_ALL): Promise<TestApp> {
  const test = testApp({ auth: readers, authorizer: readers });
  await fill(test.store, { resource: PODS }, objects);
  return test;
}

async function ask(
  test: TestApp,
  user: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<LightMyRequestResponse> {
  return test.get(url, { authorization: `Bearer ${user}`, ...headers });
}

interface Listed {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { readonly metadata: { readonly namespace: string; readonly name: string } }[];
}

function keys(response: LightMyRequestResponse): readonly string[] {
  expect(response.statusCode, response.body).toBe(200);
  return response.json<Listed>().items.map(({ metadata: { name, namespace } }) => `${namespace}/${name}`);
}

const OF_ADA = ["team-a-b/x", "team-a-b/y", "team-a-b/z", "team-a/x", "team-a/y", "team-a/z"];

describe.each(FORMS)("scope=accessible under %j", (root) => {
  const list = `${root}/pods?scope=accessible`;

  it("gives who may not list everywhere what lies where they may, in the order of the keys, and says so", async () => {
    await using test = await served();
    const response = await ask(test, "ada", list);
    expect(keys(response)).toEqual(OF_ADA);
    expect(response.headers).toMatchObject({
      "krm-scope": "accessible",
      "krm-scope-namespaces": "2",
      "krm-state": "synced",
      warning: ['299 krm "pods: only those in the 2 namespaces in which you may list them (scope=accessible)"'],
    });
    expect(response.json<Listed>().metadata.resourceVersion).toBe("100");
    // Everywhere first; then each namespace that holds some.
    expect(readers.namespaces.toSorted()).toEqual(["", "team-a", "team-a-b", "team-b"]);
    expect(new Set(readers.asked.map(({ verb, resource, name }) => [verb, resource, name].join()))).toEqual(
      new Set(["list,pods,"]),
    );
  });

  it("gives who may list everywhere the ordinary answer", async () => {
    await using test = await served();
    const [all, ordinary] = [await ask(test, "ops", list), await ask(test, "ops", `${root}/pods`)];
    expect(all.body).toBe(ordinary.body);
    expect(all.headers).toMatchObject({ "krm-scope": "all" });
    for (const header of ["krm-scope-namespaces", "warning"]) expect(all.headers).not.toHaveProperty(header);
    expect(ordinary.headers).not.toHaveProperty("krm-scope");
    expect(readers.namespaces).toEqual(["", ""]);
  });

  it("is everything where nobody decides by right", async () => {
    await using test = testApp();
    await fill(test.store, { resource: PODS }, PODS_OF_ALL);
    const response = await test.get(list);
    expect([keys(response).length, response.headers["krm-scope"]]).toEqual([9, "all"]);
  });

  it("leaves a list without it, and one of a namespace, as they are: forbidden", async () => {
    await using test = await served();
    const own = root === "" ? "/pods?namespace=team-a" : "/api/v1/namespaces/team-a/pods?";
    for (const url of [`${root}/pods`, `${root}/pods?scope=`, `${own}&scope=accessible`]) {
      const response = await ask(test, "bob", url);
      expect([failure(response).code, response.headers["krm-scope"]], url).toEqual([403, undefined]);
    }
    const mine = await ask(test, "ada", `${own}&scope=accessible`);
    expect([keys(mine).length, mine.headers["krm-scope"]]).toEqual([3, "all"]);
  });

  it("a namespace without the right is neither told nor counted", async () => {
    await using test = await served();
    for (const more of [
      "",
      "&limit=2",
      "&limit=4",
      "&labelSelector=app%3Dx",
      "&fieldSelector=spec.nodeName%3Dnode-of-team-b",
      "&fieldSelector=metadata.name%3Dx",
      "&maxStaleness=1ms",
      "&resourceVersion=99&resourceVersionMatch=Exact",
      "&limit=nonsense",
      "&continue=nonsense",
      "&resourceVersion=101",
    ]) {
      await test.clock.advance(more.includes("maxStaleness") ? 100 : 0);
      const asking = ask(test, "ada", `${list}${more}`);
      if (/maxStaleness|=101/u.test(more)) {
        await test.clock.untilSleeping(1);
        await test.clock.advance(4000);
      }
      const { body, headers } = await asking;
      expect(JSON.stringify([body, headers]), more).not.toMatch(/team-b"|team-b\/|of-team-b/u);
    }
    const { metadata } = (await ask(test, "ada", `${list}&limit=2`)).json<Listed>();
    expect(metadata.remainingItemCount).toBe(4);
    // With and without hidden ones it is the same answer.
    await using alone = await served(PODS_OF_ALL.filter(({ namespace }) => namespace !== "team-b"));
    const [some, none] = [await ask(test, "ada", list), await ask(alone, "ada", list)];
    expect(some.body).toBe(none.body);
    const told = ({ headers: { "krm-scope-namespaces": n, warning } }: typeof some): unknown => [n, warning];
    expect(told(some)).toEqual(told(none));
  });

  it("of a reader who may list nowhere is empty, whatever there is", async () => {
    await using test = await served();
    const response = await ask(test, "eve", list);
    expect(keys(response)).toEqual([]);
    expect(response.headers).toMatchObject({
      "krm-scope": "accessible",
      "krm-scope-namespaces": "0",
      warning: ['299 krm "pods: there is none in a namespace in which you may list them (scope=accessible)"'],
    });
  });

  it("narrows by selectors and names, and reads no more than that", async () => {
    await using test = await served();
    expect(keys(await ask(test, "ada", `${list}&labelSelector=app%3Dx`))).toEqual(["team-a-b/x", "team-a/x"]);
    expect(keys(await ask(test, "ada", `${list}&fieldSelector=metadata.name%3Dy`))).toEqual(["team-a-b/y", "team-a/y"]);
    expect(keys(await ask(test, "ada", `${list}&fieldSelector=spec.nodeName%3Dnode-of-team-b`))).toEqual([]);
  });

  it("asks a few at a time, and about a bounded number", async () => {
    const many = (count: number): readonly StoredObject[] =>
      Array.from({ length: count }, (_, index) => pod({ name: "x", namespace: `n-${index}` }));
    readers.may.set("ada", ["n-7"]);
    await using test = await served(many(1000));
    expect(keys(await ask(test, "ada", list))).toEqual(["n-7/x"]);
    expect([readers.asked.length, readers.most]).toEqual([1001, 16]);
    await using larger = await served(many(1001));
    const refused = await ask(larger, "ada", list);
    expect(failure(refused)).toMatchObject({ code: 403, causes: ["TooManyNamespaces"] });
    expect(failure(refused).message).toContain("list one namespace at a time");
    expect(refused.headers).not.toHaveProperty("krm-state");
  });

  it("fails closed: what cannot be found out of one namespace is a 503", async () => {
    await using test = await served();
    for (const namespace of ["team-b", ""]) {
      readers.failing.clear();
      readers.failing.add(namespace);
      const response = await ask(test, "ada", list);
      expect([failure(response).code, response.headers["krm-state"]]).toEqual([503, undefined]);
    }
  });

  it("takes no other value, and says which there is", async () => {
    await using test = await served();
    const response = await ask(test, "ops", `${root}/pods?scope=mine`);
    expect(failure(response)).toMatchObject({ code: 400, causes: ["InvalidParameter"] });
    expect(failure(response).message).toContain('"accessible"');
  });

  it("reads the view once, however many namespaces it is of", async () => {
    await using test = await served();
    // From the first list on the view is followed for watches, and read for that.
    await ask(test, "ada", list);
    const read = vi.spyOn(test.store.scope({ resource: PODS }), "read");
    const get = vi.spyOn(test.store.scope({ resource: PODS }), "get");
    const times = (): readonly number[] => [read.mock.calls.length, get.mock.calls.length];
    expect(keys(await ask(test, "ada", list))).toEqual(OF_ADA);
    // And before that, to learn which namespaces there are.
    expect(times()).toEqual([2, 0]);
    expect(keys(await ask(test, "ada", `${list}&fieldSelector=metadata.name%3Dy`))).toEqual(["team-a-b/y", "team-a/y"]);
    expect(times()).toEqual([4, 0]);
  });

  it("is not for resources without namespaces", async () => {
    await using test = await served();
    await fill(test.store, { resource: NODES }, [object({ name: "node-1" })]);
    const response = await ask(test, "ops", `${root}/nodes?scope=accessible`);
    expect(failure(response)).toMatchObject({ code: 400, message: expect.stringContaining('"scope"') });
    expect(failure(await ask(test, "ada", `${root}/nodes?scope=accessible`)).code).toBe(400);
    expect(failure(await ask(test, "ada", `${root}/nodes`)).code).toBe(403);
  });

  it("while the first list is not complete, tells nothing of how far it is", async () => {
    await using test = testApp({ auth: readers, authorizer: readers, scopes: [{ resource: PODS }] });
    const progress = { pages: 1, objects: 4711, bytes: 1, expected: 5000 };
    await writer(test.store, { resource: PODS }).report("streamer", streamerReport({ progress }));
    expect(failure(await ask(test, "ops", list)).message).toContain("4711");
    const response = await ask(test, "ada", list);
    expect(failure(response)).toMatchObject({ code: 503, causes: ["ViewSyncing"] });
    expect(response.body).not.toMatch(/4711|5000/u);
  });
});

describe.each(FORMS)("two users never share an answer under %j", (root) => {
  const list = `${root}/pods?scope=accessible`;

  it("to the same request", async () => {
    await using test = await served();
    const answers = await Promise.all(["ada", "bob", "ops", "eve"].map(async (user) => ask(test, user, list)));
    expect(answers.map((answer) => keys(answer).length)).toEqual([6, 3, 9, 0]);
    for (const { headers } of answers) expect(headers["vary"]).toContain("Authorization");
  });

  it("by a continue token: that of another set of namespaces is a 410, with or without the scope", async () => {
    await using test = await served();
    const token = async (user: string, url: string): Promise<string> =>
      encodeURIComponent((await ask(test, user, url)).json<Listed>().metadata.continue ?? "none");
    const ofAda = await token("ada", `${list}&limit=2`);
    const ofOps = await token("ops", `${root}/pods?limit=2`);
    const ofAllOfOps = await token("ops", `${list}&limit=2`);
    for (const [user, url] of [
      ["bob", `${list}&limit=2&continue=${ofAda}`],
      ["eve", `${list}&limit=2&continue=${ofAda}`],
      ["ada", `${list}&limit=2&continue=${ofOps}`],
      ["ada", `${list}&limit=2&continue=${ofAllOfOps}`],
      ["ops", `${root}/pods?limit=2&continue=${ofAda}`],
    ] as const) {
      const response = await ask(test, user, url);
      expect(failure(response), `${user} ${url}`).toMatchObject({ code: 410, causes: ["ScopeChanged"] });
      expect(response.json<Listed>().metadata).toEqual({});
    }
    expect(failure(await ask(test, "ada", `${root}/pods?limit=2&continue=${ofAda}`)).code).toBe(403);
    // Who may list in all of them may go on with it.
    expect(keys(await ask(test, "ops", `${list}&continue=${ofAda}`))).toEqual(OF_ADA.slice(2));
  });
});

it("two users never share an answer by an entity tag: it is another one for another set", async () => {
  await using test = await served();
  const list = "/pods?scope=accessible";
  const tags = new Map<string, string>();
  for (const user of ["ada", "bob", "ops", "eve"])
    tags.set(user, String((await ask(test, user, list)).headers["etag"]));
  expect(new Set(tags.values()).size).toBe(4);
  for (const user of tags.keys()) {
    for (const [other, tag] of tags) {
      const { headers, statusCode } = await ask(test, user, list, { "if-none-match": tag });
      expect([user, other, statusCode]).toEqual([user, other, user === other ? 304 : 200]);
      expect(headers["krm-scope"]).toBe(user === "ops" ? "all" : "accessible");
    }
  }
});

describe.each(FORMS)("a chain of pages under %j", (root) => {
  const list = `${root}/pods?scope=accessible&limit=2`;

  async function first(test: TestApp, user = "ada"): Promise<string> {
    const { metadata } = (await ask(test, user, list)).json<Listed>();
    return `${list}&continue=${encodeURIComponent(metadata.continue ?? "")}`;
  }

  it("stays within the namespaces and the moment of its first page", async () => {
    await using test = await served();
    const second = await first(test);
    // Another namespace becomes accessible, and what there is changes.
    readers.may.set("ada", ["team-a", "team-a-b", "team-b"]);
    await fill(
      test.store,
      { resource: PODS },
      [...PODS_OF_ALL, pod({ name: "w", namespace: "team-a" })],
      metaAt("101"),
    );
    const page = await ask(test, "ada", second);
    expect(keys(page)).toEqual(OF_ADA.slice(2, 4));
    expect(page.headers["krm-scope-namespaces"]).toBe("2");
    const { metadata } = page.json<Listed>();
    expect([metadata.resourceVersion, metadata.remainingItemCount]).toEqual(["100", 2]);
    const third = await ask(test, "ada", `${list}&continue=${encodeURIComponent(metadata.continue ?? "")}`);
    expect(keys(third)).toEqual(OF_ADA.slice(4));
  });

  it("a right that is lost between two pages ends it, and a new list is of what is left", async () => {
    await using test = await served();
    const second = await first(test);
    readers.may.set("ada", ["team-a"]);
    const response = await ask(test, "ada", second);
    expect(failure(response)).toMatchObject({ code: 410, reason: "Expired", causes: ["ScopeChanged"] });
    expect(response.body).not.toContain("team-");
    expect(response.headers).not.toHaveProperty("krm-state");
    expect(keys(await ask(test, "ada", list))).toEqual(["team-a/x", "team-a/y"]);
    readers.may.set("ada", []);
    expect(failure(await ask(test, "ada", second)).code).toBe(410);
  });

  it("a right to everything that is lost ends one of everything", async () => {
    await using test = await served();
    const second = await first(test, "ops");
    readers.may.set("ops", ["team-a"]);
    expect(failure(await ask(test, "ops", second))).toMatchObject({ code: 410, causes: ["ScopeChanged"] });
  });

  it("goes on at another server while nothing has changed, and else is told that it cannot", async () => {
    await using test = await served();
    await using other = testApp({ auth: readers, authorizer: readers, store: test.store, clock: test.clock });
    const second = await first(test);
    expect(keys(await ask(other, "ada", second))).toEqual(OF_ADA.slice(2, 4));
    await using third = testApp({ auth: readers, authorizer: readers, store: test.store, clock: test.clock });
    readers.may.set("ada", ["team-a", "team-a-b", "team-b"]);
    expect(failure(await ask(third, "ada", second)).causes).toEqual(["ScopeChanged"]);
    readers.may.set("ada", ["team-a", "team-a-b"]);
    await fill(
      test.store,
      { resource: PODS },
      [...PODS_OF_ALL, pod({ name: "w", namespace: "team-a" })],
      metaAt("101"),
    );
    const expired = await ask(third, "ada", second);
    expect(failure(expired)).toMatchObject({ code: 410, causes: [] });
    // The rest as it is by now, of what is accessible by now.
    const rest = encodeURIComponent(expired.json<Listed>().metadata.continue ?? "");
    expect(keys(await ask(third, "ada", `${root}/pods?scope=accessible&continue=${rest}`))).toEqual([
      "team-a-b/z",
      "team-a/w",
      "team-a/x",
      "team-a/y",
      "team-a/z",
    ]);
  });

  it("is decided upon again at each page, by no more than its own namespaces", async () => {
    await using test = await served();
    const second = await first(test);
    readers.asked.length = 0;
    await ask(test, "ada", second);
    expect(readers.namespaces.toSorted()).toEqual(["", "team-a", "team-a-b"]);
    readers.failing.add("team-a-b");
    expect(failure(await ask(test, "ada", second)).code).toBe(503);
  });
});

describe("the Kubernetes API", () => {
  it.each([
    ["application/json;as=Table;v=v1;g=meta.k8s.io", "rows"],
    ["application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "items"],
    ["application/yaml", undefined],
  ])("keeps to it in every form: %s", async (accept, member) => {
    await using test = await served();
    const { body, headers } = await ask(test, "ada", "/api/v1/pods?scope=accessible", { accept });
    expect(headers["krm-scope-namespaces"]).toBe("2");
    expect(body).toContain("team-a-b");
    expect(body).not.toMatch(/team-b["\n]/u);
    if (member !== undefined) expect(JSON.parse(body)).toMatchObject({ [member]: { length: 6 } });
  });

  it("has it neither for watches nor for single objects: a 400 that names it, after the right", async () => {
    await using test = await served();
    for (const path of [
      "namespaces/team-a/pods/x?",
      "namespaces/team-a/pods?watch=1&",
      "watch/namespaces/team-a/pods?",
    ]) {
      const url = `/api/v1/${path}scope=accessible`;
      const refused = failure(await ask(test, "ada", url));
      expect([refused.code, refused.causes], url).toEqual([400, ["InvalidParameter"]]);
      expect(refused.message).toContain('"scope"');
      expect(failure(await ask(test, "bob", url)).code).toBe(403);
    }
    expect(failure(await ask(test, "ada", "/api/v1/pods?watch=1&scope=accessible")).code).toBe(403);
  });

  it("of a namespace by a field selector asks about that one alone, and tells nothing of it", async () => {
    await using test = await served();
    const list = "/api/v1/pods?scope=accessible&fieldSelector=metadata.namespace%3D";
    expect(keys(await ask(test, "ada", `${list}team-a`))).toEqual(OF_ADA.slice(3));
    expect(readers.namespaces).toEqual(["", "team-a"]);
    const [hidden, missing] = [await ask(test, "ada", `${list}team-b`), await ask(test, "ada", `${list}team-c`)];
    const { date: _date, ...headers } = hidden.headers;
    expect([hidden.body, headers]).toEqual([missing.body, { ...missing.headers, date: undefined, ...headers }]);
    expect(keys(hidden)).toEqual([]);
    expect(keys(await ask(test, "ada", `${list}team-b,metadata.name%3Dx`))).toEqual([]);
    expect(keys(await ask(test, "ada", `${list}team-a,metadata.name%3Dx`))).toEqual(["team-a/x"]);
  });
});

describe.each(FORMS)("namespaces that are watched one by one under %j", (root) => {
  const list = `${root}/pods?scope=accessible`;
  const scopes = ["team-a", "team-a-b", "team-b"].map((namespace) => ({ resource: PODS, namespace }));

  async function several(): Promise<TestApp> {
    const test = testApp({ auth: readers, authorizer: readers, scopes });
    for (const [index, scope] of scopes.entries()) {
      const own = PODS_OF_ALL.filter(({ namespace }) => namespace === scope.namespace);
      await fill(test.store, scope, own, metaAt(String(100 + index)));
    }
    return test;
  }

  it("are answered for as far as they are accessible; of others neither trouble nor state is told", async () => {
    await using test = await several();
    await writer(test.store, scopes[2]!).report("streamer", streamerReport({ state: blocked("forbidden", 403) }));
    const response = await ask(test, "ada", list);
    expect(keys(response)).toEqual(OF_ADA);
    expect(response.headers).toMatchObject({ "krm-state": "synced", "krm-scope-namespaces": "2" });
    expect(JSON.stringify([response.headers, response.body])).not.toContain('team-b"');
    expect(response.json<Listed>().metadata.resourceVersion).toBe("100");
    expect((await ask(test, "bob", list)).headers["krm-state"]).not.toBe("synced");
  });

  it("one that syncs holds up only who may list in it", async () => {
    await using test = testApp({ auth: readers, authorizer: readers, scopes });
    for (const scope of scopes.slice(0, 2)) await fill(test.store, scope, PODS_OF_ALL.slice(0, 1));
    expect((await ask(test, "ada", list)).statusCode).toBe(200);
    expect(failure(await ask(test, "bob", list)).code).toBe(503);
    expect(failure(await ask(test, "ops", list)).code).toBe(503);
  });

  it("are refused where none of them is accessible, and not named", async () => {
    await using test = await several();
    const refused = await ask(test, "eve", list);
    expect(failure(refused).message).toContain("at the cluster scope");
    expect(refused.body).not.toContain("team-");
    expect(refused.headers).not.toHaveProperty("krm-state");
    const named = await ask(test, "ada", `/api/v1/pods?scope=accessible&fieldSelector=metadata.namespace%3Dteam-b`);
    expect([named.statusCode, named.body.includes('team-b"')]).toEqual([403, false]);
  });

  it("have pages too", async () => {
    await using test = await several();
    const { metadata } = (await ask(test, "ada", `${list}&limit=4`)).json<Listed>();
    expect(metadata.remainingItemCount).toBe(2);
    const rest = await ask(test, "ada", `${list}&continue=${encodeURIComponent(metadata.continue ?? "")}`);
    expect(keys(rest)).toEqual(OF_ADA.slice(4));
  });
});

describe("a flat list that is wrong", () => {
  it("is told so to who may not list everywhere, without how far the view can be trusted", async () => {
    await using test = await served();
    for (const more of ["nonsense=1", "limit=nonsense", "continue=nonsense"]) {
      const response = await ask(test, "ada", `/pods?scope=accessible&${more}`);
      expect([failure(response).code, response.headers["krm-state"]], more).toEqual([400, undefined]);
      expect((await ask(test, "ops", `/pods?scope=accessible&${more}`)).headers["krm-state"]).toBe("synced");
      expect(failure(await ask(test, "ada", `/pods?${more}`)).code).toBe(403);
    }
  });
});

it("what is refused after all is written down as refused", async () => {
  const readers = new Readers();
  readers.may.set("bob", ["other"]);
  const taken: AuditEvent[] = [];
  await using test = testApp({
    auth: readers,
    authorizer: readers,
    audit: { take: (event) => void taken.push(event) },
  });
  for (const namespace of ["team-a", "team-b"])
    await fill(test.store, { resource: PODS, namespace }, [pod({ name: "a", namespace })]);
  const refused = await test.get("/pods?scope=accessible", { authorization: "Bearer bob" });
  expect(refused.statusCode).toBe(403);
  expect(taken.at(-1)?.annotations?.["authorization.k8s.io/decision"]).toBe("forbid");
});
