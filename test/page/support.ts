import { createServer, type KrmServer, type ServerAuth } from "@krm/server";
import { MemoryStore, Monitor, type ResourceType } from "@krm/core";
import { DelayHistory, measureChange } from "@krm/metrics";
import { type ClusterEvent, ClusterSource, generateCluster, SimCluster } from "@krm/testkit";
import { freePort } from "@krm/testkit/servers";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Root in a container has no sandbox; the rest keeps it from speaking to anybody but the page's server. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a browser without a window. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}

/** A page that was opened, and whatever went wrong on it. */
export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of its console, failures of its code, and requests to others than its server. */
  readonly complaints: readonly string[];
}

/** Opens an address in a profile of its own. `before`: what is done with the page before. */
export async function openPage(
  browser: Browser,
  url: string,
  { before, ...options }: BrowserContextOptions & { readonly before?: (page: Page) => Promise<void> } = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(url).origin) complaints.push(`asks ${request.url()}`);
  });
  await before?.(page);
  await page.goto(url);
  return { page, complaints, [Symbol.asyncDispose]: async () => context.close() };
}

/** What axe finds wrong with a page as it is now: rule, and where. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  // Not as a script of the page, which its policy would refuse.
  await page.evaluate(axe.source);
  const results = await page.evaluate<AxeResults>("axe.run()");
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** A cluster, monitored, behind a server that can be stopped and started again at the same address. */
export interface ServedPage extends AsyncDisposable {
  readonly cluster: SimCluster;
  readonly url: string;
  /** Events that no watch is told of. */
  readonly hidden: Set<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Serves a generated cluster. */
export async function servePage(
  options: {
    readonly pods?: number;
    /** Default: everyone. */
    readonly auth?: ServerAuth;
    readonly verifyEveryMs?: number;
    /** Watched one by one. Default: all together. */
    readonly namespaces?: readonly string[];
    /** Default: the six. */
    readonly resources?: readonly ResourceType[];
  } = {},
): Promise<ServedPage> {
  const { pods = 60, auth, verifyEveryMs, namespaces, resources } = options;
  const cluster = new SimCluster({ seed: 7 });
  generateCluster(cluster, { pods, seed: 7 });
  const hidden = new Set<string>();
  const tell = (event: ClusterEvent): readonly ClusterEvent[] =>
    hidden.has(event.object.metadata.name) ? [] : [event];
  const source = new ClusterSource({ cluster, tell, streamingLists: true });
  const store = new MemoryStore();
  const monitor = new Monitor({
    source,
    store,
    ...(verifyEveryMs === undefined ? {} : { verifyEveryMs }),
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(resources === undefined ? {} : { resources }),
  });
  const delays = new DelayHistory();
  monitor.events.on("commit", (scope, { changes }) =>
    delays.delays(
      scope,
      changes.map((change) => measureChange(change, scope)),
      () => {},
    ),
  );
  monitor.start();
  await monitor.ready();
  const port = await freePort();
  let server: KrmServer | undefined;
  const stop = async (): Promise<void> => server?.close();
  const start = async (): Promise<void> => {
    server = await createServer({ store, listen: { host: "127.0.0.1", port }, auth, delays, graceMs: 1 });
    await server.listen();
  };
  await start();
  return {
    cluster,
    url: `http://127.0.0.1:${port}/`,
    hidden,
    stop,
    start,
    async [Symbol.asyncDispose]() {
      await stop();
      await monitor.stop();
      await store[Symbol.asyncDispose]();
    },
  };
}
