// The page in a real browser, over a real server.
import { MemoryStore, PODS } from "@krm/core";
import { accessRefused, krmPlugin } from "@krm/server";
import { CONFIG_MAPS } from "@krm/testkit";
import { withChromium } from "@krm/testkit/servers";
import Fastify from "fastify";
import type { Browser, Locator, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { pod, withNamespaces } from "../roles/support.ts";
import { axeViolations, openPage, servePage, type ServedPage, startBrowser } from "./support.ts";

vi.setConfig({ testTimeout: 60_000 });

const rows = (page: Page): Locator => page.locator(".grid tbody tr[role=row]");
const count = (page: Page): Locator => page.locator(".count");
const live = (page: Page): Locator => page.locator(".objects .pill", { hasText: "live" });

/** Shown whole: as many objects as there are, or as pass. */
async function shows(page: Page, text: string): Promise<void> {
  await count(page).getByText(text, { exact: true }).waitFor();
}

withChromium(process.env, (chromium) => {
  let browser: Browser;
  beforeAll(async () => void (browser = await startBrowser(chromium)));
  afterAll(async () => browser.close());

  describe("the page, of a small cluster", () => {
    let served: ServedPage;
    beforeAll(async () => void (served = await servePage({ verifyEveryMs: 500 })));
    afterAll(async () => served[Symbol.asyncDispose]());

    const podCount = (): number => served.cluster.list(PODS).items.length;

    test("tells how each resource is, and shows the objects of the first", async () => {
      await using opened = await openPage(browser, served.url);
      const { page, complaints } = opened;
      await shows(page, String(podCount()));
      const overview = page.locator(".overview tbody tr");
      expect(await overview.locator("th").allInnerTexts()).toEqual([
        "pods",
        "deployments.apps",
        "persistentvolumeclaims",
        "services",
        "ingresses.networking.k8s.io",
        "nodes",
      ]);
      expect(await overview.first().locator("td").nth(0).innerText()).toBe("synced");
      expect(await overview.first().locator("td").nth(1).innerText()).toBe(String(podCount()));
      const first = served.cluster
        .list(PODS)
        .items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        .toSorted()[0];
      const cells = await rows(page).first().locator("td").allInnerTexts();
      expect(`${cells[0]}/${cells[1]}`).toBe(first);
      expect(cells[5]).toMatch(/^\d.*iB$/u);
      expect(complaints).toEqual([]);
    });

    test("narrows the objects by name, namespace, labels and node, and keeps that in its address", async () => {
      await using opened = await openPage(browser, served.url);
      const { page } = opened;
      const { items } = served.cluster.list(PODS);
      const all = items.length;
      await shows(page, String(all));
      const one = items.find(
        ({ spec }) => (spec as { readonly nodeName?: string } | undefined)?.nodeName !== undefined,
      )!;
      const { name, namespace = "", labels = {} } = one.metadata;
      const node = String((one.spec as { readonly nodeName?: string }).nodeName);
      const app = `app=${labels["app"]}`;
      const of = (passes: (item: (typeof items)[number]) => boolean): string =>
        `${items.filter(passes).length} of ${all}`;
      await page.getByLabel("Name", { exact: true }).fill(name);
      await shows(page, `1 of ${all}`);
      await page.getByLabel("Name", { exact: true }).fill("");
      await page.getByLabel("Namespace").fill(namespace);
      await shows(
        page,
        of(({ metadata }) => metadata.namespace === namespace),
      );
      await page.getByLabel("Labels").fill(app);
      await shows(
        page,
        of(({ metadata }) => metadata.namespace === namespace && metadata.labels?.["app"] === labels["app"]),
      );
      await page.getByLabel("Namespace").fill("");
      await page.getByLabel("Node").fill(node);
      const both = of(
        ({ metadata, spec }) =>
          metadata.labels?.["app"] === labels["app"] && (spec as { nodeName?: string }).nodeName === node,
      );
      await shows(page, both);
      await page.reload();
      await shows(page, both);
      await page.getByLabel("Labels").fill("app in (");
      await page.getByRole("alert").getByText("expected").first().waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      await shows(page, String(all));
    });

    test("follows what happens, by its watch", async () => {
      await using opened = await openPage(browser, `${served.url}#v1/pods?name=fresh`);
      const { page, complaints } = opened;
      await live(page).waitFor();
      await shows(page, `0 of ${podCount()}`);
      const namespace = served.cluster.list(PODS).items[0]!.metadata.namespace!;
      // A change that shows within a second, in time with no poll: the status is not asked for any more.
      await page.route("**/status*", async (route) => route.abort());
      pod(served.cluster, "fresh", namespace);
      await rows(page).getByText("fresh").waitFor();
      served.cluster.patch(PODS, namespace, "fresh", { status: { phase: "Failed", reason: "Evicted" } }, undefined, {
        subresource: "status",
      });
      await rows(page).getByText("Evicted").waitFor();
      served.cluster.delete(PODS, namespace, "fresh", { gracePeriodSeconds: 0 });
      await shows(page, `0 of ${podCount()}`);
      expect(complaints.filter((text) => !text.includes("net::ERR_FAILED"))).toEqual([]);
    });

    test("shows an object as YAML with its trust, as it changes and goes; by the keys alone", async () => {
      await using opened = await openPage(browser, served.url);
      const { page, complaints } = opened;
      const namespace = served.cluster.list(PODS).items[0]!.metadata.namespace!;
      pod(served.cluster, "aaa", namespace);
      await page.getByLabel("Name", { exact: true }).fill("aaa");
      await shows(page, `1 of ${podCount()}`);
      await page.getByRole("grid").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      const drawer = page.locator(".drawer");
      await drawer.locator(".yaml").getByText("uid:").first().waitFor();
      const { uid } = served.cluster.get(PODS, namespace, "aaa")!.metadata;
      expect(await drawer.locator(".yaml").innerText()).toContain(`  uid: ${uid}\n`);
      expect(await drawer.locator(".yaml").innerText()).toContain("kind: Pod\n");
      served.cluster.patch(PODS, namespace, "aaa", { metadata: { labels: { step: "two" } } });
      await drawer.getByText("step:").waitFor();
      // As the watch told it; until a verification has come this far.
      await drawer.locator(".verdict").getByText("Certain").waitFor();
      served.cluster.delete(PODS, namespace, "aaa", { gracePeriodSeconds: 0 });
      await drawer.getByText("It is gone").waitFor();
      expect(await drawer.locator(".yaml").innerText()).toContain("step:");
      await page.keyboard.press("Escape");
      await drawer.waitFor({ state: "detached" });
      await page.locator("[role=grid]:focus").waitFor();
      expect(complaints).toEqual([]);
    });

    test("tells what the watch missed, once a verification has found it, and how late events were", async () => {
      const namespace = served.cluster.list(PODS).items[0]!.metadata.namespace!;
      served.hidden.add("unseen");
      pod(served.cluster, "unseen", namespace);
      pod(served.cluster, "seen", namespace);
      await using opened = await openPage(browser, served.url);
      const { page } = opened;
      const ledger = page.getByRole("region", { name: "Missed by the watch" });
      await ledger.getByText(`${namespace}/unseen`).waitFor();
      expect(await ledger.locator("tbody tr").allInnerTexts()).toEqual(["upstream\t1\t0\t0\t0"]);
      await page.getByRole("img", { name: /^Delay of events by minute.*p99 at most/u }).waitFor();
      await page.getByText("As numbers").press("Enter");
      const numbers = page.getByRole("region", { name: "Delay of events by minute" }).locator("tbody tr");
      expect(await numbers.first().innerText()).toMatch(/^\d\d:\d\d\t\d+\t.* m?s\t.* m?s\t.* m?s$/u);
      expect(await axeViolations(page)).toEqual([]);
    });

    test.each(["light", "dark"] as const)("is accessible, as axe sees it, in %s", async (colorScheme) => {
      await using opened = await openPage(browser, served.url, { colorScheme, reducedMotion: "reduce" });
      const { page } = opened;
      await shows(page, String(podCount()));
      expect(await axeViolations(page)).toEqual([]);
      await rows(page).first().click();
      await page.locator(".drawer .yaml").waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByLabel("Labels").fill("app in (");
      await page.getByRole("button", { name: "Token…" }).click();
      await page.getByRole("dialog").waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.locator("button:focus", { hasText: "Token…" }).waitFor();
    });

    test("goes on where it was when the server is started again", async () => {
      await using opened = await openPage(browser, served.url);
      const { page } = opened;
      await shows(page, String(podCount()));
      const namespace = served.cluster.list(PODS).items[0]!.metadata.namespace!;
      await served.stop();
      await page.getByText("The watch is not connected").waitFor();
      await page.getByText("The server does not answer, shown as it was").waitFor();
      // Nothing claims that it still is so.
      expect(await page.getByRole("banner").getByText("synced").count()).toBe(0);
      expect(await axeViolations(page)).toEqual([]);
      expect(await rows(page).count()).toBeGreaterThan(5);
      pod(served.cluster, "aa-meanwhile", namespace);
      await served.start();
      await page.getByLabel("Name", { exact: true }).fill("aa-meanwhile");
      await shows(page, `1 of ${podCount()}`);
      await live(page).waitFor();
      await page.getByText("The server does not answer").waitFor({ state: "detached" });
    });

    test("gives its watch back when nobody has looked for a minute, and then goes on where it was", async () => {
      const before = async (page: Page): Promise<void> => {
        await page.clock.install();
        await page.addInitScript(`
          globalThis.seen = "visible";
          Object.defineProperty(document, "visibilityState", { get: () => globalThis.seen });
        `);
      };
      await using opened = await openPage(browser, served.url, { before });
      const { page } = opened;
      const isWatch = (request: Request): boolean => request.url().includes("/pods?watch=1");
      const become = async (seen: string): Promise<void> =>
        page.evaluate(`globalThis.seen = "${seen}"; document.dispatchEvent(new Event("visibilitychange"))`);
      await shows(page, String(podCount()));
      const namespace = served.cluster.list(PODS).items[0]!.metadata.namespace!;
      pod(served.cluster, "a-first", namespace);
      await shows(page, String(podCount()));
      const ended = page.waitForEvent("requestfailed", isWatch);
      await become("hidden");
      await page.clock.fastForward(61_000);
      await ended;
      // Nothing claims that it is told of what happens.
      await page.locator(".objects .pill", { hasText: "connecting" }).waitFor();
      pod(served.cluster, "a-unseen", namespace);
      const begun = page.waitForEvent("request", isWatch);
      await become("visible");
      expect((await begun).url()).toMatch(/[?&]resourceVersion=\d+/u);
      await shows(page, String(podCount()));
    });

    test("has one watch open: of the resource that is shown", async () => {
      await using opened = await openPage(browser, served.url);
      const { page, complaints } = opened;
      await shows(page, String(podCount()));
      const ended = page.waitForEvent("requestfailed", (request) => request.url().includes("/pods?watch=1"));
      await page.getByRole("button", { name: "nodes" }).click();
      await ended;
      await rows(page).getByText("node-0001").waitFor();
      expect(new URL(page.url()).hash).toBe("#v1/nodes");
      await page.goBack();
      await shows(page, String(podCount()));
      expect(complaints).toEqual([]);
    });
  });

  test("shows resources other than the six, and says of what is not watched that it cannot be shown", async () => {
    await using served = await servePage({ resources: [CONFIG_MAPS] });
    await using opened = await openPage(browser, served.url);
    const { page, complaints } = opened;
    await live(page).waitFor();
    withNamespaces(served.cluster, "team-a");
    served.cluster.create(CONFIG_MAPS, {
      metadata: { name: "aa-settings", namespace: "team-a" },
      data: { resourceVersion: "1" },
    });
    await page.getByLabel("Namespace").fill("team-a");
    await rows(page).getByText("aa-settings").click();
    await page.locator(".drawer .yaml").getByText("kind: ConfigMap").waitFor();
    const { resourceVersion } = served.cluster.get(CONFIG_MAPS, "team-a", "aa-settings")!.metadata;
    await page.getByRole("region", { name: "Trust" }).getByText(resourceVersion, { exact: true }).waitFor();
    expect(complaints).toEqual([]);
    for (const other of ["v1/secrets", "constructor", "a/b/c/d"]) {
      await page.goto(`${served.url}#${other}`);
      await page.getByRole("alert").getByText("cannot be watched").waitFor();
    }
  });

  test("shows of an object that changes all the time how it is by now, and asks anew when its trust changes", async () => {
    await using served = await servePage();
    const namespace = served.cluster.list(PODS).items[0]!.metadata.namespace!;
    pod(served.cluster, "aaa", namespace);
    await using opened = await openPage(browser, `${served.url}#v1/pods?name=aaa`);
    const { page } = opened;
    await rows(page).getByText("aaa").click();
    const drawer = page.locator(".drawer");
    const yaml = drawer.locator(".yaml");
    await yaml.getByText("uid:").first().waitFor();
    for (let step = 0; !(await yaml.innerText()).includes("step: s"); step++)
      served.cluster.patch(PODS, namespace, "aaa", { metadata: { labels: { step: `s${step}` } } });
    const { resourceVersion } = served.cluster.get(PODS, namespace, "aaa")!.metadata;
    await drawer.getByRole("region", { name: "Trust" }).getByText(resourceVersion, { exact: true }).waitFor();
    const again = page.waitForRequest((request) => request.url().endsWith("/pods/aaa"));
    await page.route("**/status*", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replaceAll('"synced"', '"stale"') });
    });
    await again;
  });

  test("tells namespaces that are watched one by one apart, and shows their objects together", async () => {
    const namespaces = ["atlas-dev", "default"];
    await using served = await servePage({ namespaces });
    await using opened = await openPage(browser, served.url);
    const { page, complaints } = opened;
    const { items } = served.cluster.list(PODS);
    await shows(page, String(items.filter(({ metadata }) => namespaces.includes(metadata.namespace ?? "")).length));
    expect(await page.locator(".overview tr.selected th").allInnerTexts()).toEqual([
      "pods in atlas-dev",
      "pods in default",
    ]);
    await page.locator("summary", { hasText: "in default" }).click();
    await page.getByRole("region", { name: "Missed by the watch in default" }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("with forty namespaces that are watched one by one, their objects are not far below", async () => {
    const namespaces = Array.from({ length: 40 }, (_, index) => `team-${index}`);
    await using served = await servePage({ namespaces, pods: 1 });
    withNamespaces(served.cluster, ...namespaces);
    pod(served.cluster, "mine", "team-7");
    await using opened = await openPage(browser, served.url);
    const { page } = opened;
    await rows(page).getByText("mine").waitFor();
    const above = await page.evaluate<number>("document.querySelector('.objects').getBoundingClientRect().top");
    expect(above).toBeLessThan(1800);
    // The heading stays where the lines are scrolled below it, and no line is out of reach.
    await page.locator(".overview").getByText("in team-39").last().scrollIntoViewIfNeeded();
    expect(await page.getByRole("columnheader", { name: "Stream position" }).isVisible()).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
  });

  test("10,000 pods are shown, searched and sorted, with the rows alone that can be seen", async () => {
    await using served = await servePage({ pods: 10_000 });
    await using opened = await openPage(browser, served.url);
    const { page, complaints } = opened;
    const { items } = served.cluster.list(PODS);
    await shows(page, items.length.toLocaleString("en"));
    expect(await rows(page).count()).toBeLessThan(80);
    const last = items
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .toSorted()
      .at(-1)!;
    await page.getByRole("grid").focus();
    await page.keyboard.press("End");
    await rows(page).last().getByText(last.split("/")[1]!).waitFor();
    expect(await rows(page).last().getAttribute("aria-rowindex")).toBe(String(items.length + 1));
    expect(await rows(page).count()).toBeLessThan(80);
    await page.getByRole("button", { name: "Memory" }).click();
    await page.locator("th[aria-sort=ascending]", { hasText: "Memory" }).waitFor();
    await page.getByLabel("Name", { exact: true }).fill(last.split("/")[1]!);
    await shows(page, `1 of ${items.length.toLocaleString("en")}`);
    expect(complaints).toEqual([]);
  });

  test("shows a reader what they may see, and keeps their token in the tab alone", async () => {
    const auth = {
      type: "custom" as const,
      authenticator: {
        authenticate: async (token: string) =>
          /^(?:ops|ada)-token$/u.test(token) ? { user: token.slice(0, 3) } : undefined,
      },
      authorizer: {
        authorize: async (user: { readonly user: string }, attributes: Parameters<typeof accessRefused>[1]) => {
          const ofTeam = attributes.type === "resource" && attributes.namespace === "team-a";
          if (user.user !== "ops" && !ofTeam) throw accessRefused(user, attributes);
        },
      },
    };
    await using served = await servePage({ auth });
    withNamespaces(served.cluster, "team-a");
    pod(served.cluster, "mine", "team-a");
    await using opened = await openPage(browser, served.url);
    const { page } = opened;
    const give = async (token: string): Promise<void> => {
      await page.getByRole("banner").getByRole("button").click();
      await page.getByLabel("Token", { exact: true }).fill(token);
      await page.getByRole("button", { name: "Use it" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
    };
    await page.getByRole("alert").getByText("401").waitFor();
    expect(await page.locator("table").count()).toBe(0);
    await give("other-token");
    await page.getByRole("alert").getByText("401").waitFor();

    await give("ops-token");
    await shows(page, String(served.cluster.list(PODS).items.length));
    expect(await page.evaluate("[JSON.stringify(localStorage), document.cookie, sessionStorage.length]")).toEqual([
      "{}",
      "",
      1,
    ]);
    await page.reload();
    await shows(page, String(served.cluster.list(PODS).items.length));

    await give("ada-token");
    await page.getByRole("alert").getByText("You may not see the status").waitFor();
    await page.getByRole("alert").getByText("You may not watch pods here").waitFor();
    expect(await rows(page).count()).toBe(0);
    expect(await page.locator(".overview").count()).toBe(0);
    expect(await page.getByRole("navigation").getByRole("button").count()).toBe(6);
    await page.getByLabel("A namespace in which you may").fill("team-a");
    await page.getByRole("button", { name: "Watch it" }).click();
    await shows(page, "1");
    await rows(page).getByText("mine").click();
    await page.locator(".drawer .yaml").getByText("mine").first().waitFor();
    expect(await axeViolations(page)).toEqual([]);

    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Another namespace" }).click();
    await page.getByLabel("A namespace in which you may").fill("team-a");
    await page.getByRole("button", { name: "Watch it" }).click();
    await shows(page, "1");
    await page.getByRole("banner").getByRole("button").click();
    await page.getByRole("button", { name: "Forget the token" }).click();
    await page.getByRole("alert").getByText("401").waitFor();
    expect(await rows(page).count()).toBe(0);
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
  });

  test("says what to do where its script does not come, as from a server of another version", async () => {
    await using served = await servePage();
    const before = async (page: Page): Promise<void> => {
      await page.route("**/page/*.js", async (route) => route.fulfill({ status: 404 }));
    };
    await using opened = await openPage(browser, served.url, { before });
    await opened.page.getByText("Load it again").waitFor();
    expect(await axeViolations(opened.page)).toEqual([]);
  });

  test("works wherever it is mounted", async () => {
    await using store = new MemoryStore();
    const app = Fastify({ forceCloseConnections: true });
    await app.register(krmPlugin, { prefix: "/a/cluster", store });
    const address = await app.listen({ host: "127.0.0.1", port: 0 });
    await using opened = await openPage(browser, `${address}/a/cluster`);
    await opened.page.getByText("Nothing is watched yet.").waitFor();
    expect(opened.complaints).toEqual([]);
    await app.close();
  });
});
