import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { KubernetesSource } from "@krm/kubernetes";
import { createServer, type KrmServer } from "@krm/server";
import { kubeconfigYaml } from "@krm/testkit";
import { FaultProxy, freePort } from "@krm/testkit/servers";
import { type Reach, Scene, type SceneOptions } from "../faults/scenario.ts";

/** Time passes in steps of so many milliseconds, and after each so long for what comes over the sockets. */
const STEP_MS = 250;
const IO_MS = 2;

/** The first KRM's server, and the way to it. */
class Link implements AsyncDisposable {
  readonly stack = new AsyncDisposableStack();
  readonly way = this.stack.use(new FaultProxy());
  readonly #serve: () => Promise<KrmServer>;
  #server: KrmServer | undefined;

  private constructor(serve: () => Promise<KrmServer>) {
    this.#serve = serve;
    this.stack.defer(async () => this.#server?.close());
  }

  static async to({ monitor, clock }: Scene): Promise<Link> {
    const port = await freePort();
    const link = new Link(async () => {
      const server = await createServer({
        store: monitor.store,
        clock,
        listen: { host: "127.0.0.1", port },
        graceMs: 1,
      });
      await server.listen();
      return server;
    });
    await link.way.listen(port);
    await link.restart();
    return link;
  }

  get url(): string {
    return `http://127.0.0.1:${this.way.port}`;
  }

  async restart(): Promise<void> {
    await this.way.cut();
    await this.#server?.close();
    this.#server = await this.#serve();
    await this.way.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}

/** A second KRM, whose cluster is what the first one serves: over a socket, and on the same clock. */
export class SecondKrm extends Scene {
  readonly #link: Link;

  private constructor(link: Link, reach: Reach, options: SceneOptions) {
    super(reach, options);
    this.#link = link;
  }

  /** Serves what `first` holds, and starts a monitor of that; resolves when it is synced. */
  static async of(first: Scene, options: SceneOptions): Promise<SecondKrm> {
    const { clock, cluster } = first;
    const link = await Link.to(first);
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(kubeconfigYaml({ server: link.url, user: "second" }));
    const source = link.stack.use(new KubernetesSource({ kubeConfig }));
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        await clock.advance(Math.min(left, STEP_MS));
        await sleep(IO_MS);
      }
    };
    const reach = {
      clock,
      cluster,
      source,
      lines: first.lines,
      pass,
      bookmark: () => first.bookmark(),
      // Those of the server are not told; a watch begins as soon as the monitor is synced.
      openWatches: () => Infinity,
    };
    const second = new SecondKrm(link, reach, options);
    try {
      await second.start();
    } catch (error) {
      await second[Symbol.asyncDispose]();
      throw error;
    }
    return second;
  }

  /** Every connection to the first one breaks. */
  breakConnections(): void {
    this.#link.way.breakConnections();
  }

  /** The first one's server dies, and a new one serves the same view. */
  async restartServer(): Promise<void> {
    await this.#link.restart();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop();
    } finally {
      await this.#link[Symbol.asyncDispose]();
    }
  }
}
