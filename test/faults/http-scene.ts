import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { KubernetesSource } from "@krm/kubernetes";
import {
  createTlsMaterial,
  FaultPlan,
  ManualClock,
  parseFaults,
  recordHistory,
  SimApiServer,
  SimCluster,
  type TlsMaterial,
} from "@krm/testkit";
import { pod, withNamespaces } from "../roles/support.ts";
import { BlackHole } from "./black-hole.ts";
import { type Reach, Scene, type SceneOptions } from "./scenario.ts";

let certificates: Promise<TlsMaterial> | undefined;

/** One authority for all rows: making one takes longer than most rows. */
function tls(): Promise<TlsMaterial> {
  certificates ??= createTlsMaterial({ hosts: ["127.0.0.1"] });
  return certificates;
}

/** Time passes in steps of so many milliseconds, and after each so long for what comes over the sockets. */
const STEP_MS = 250;
const IO_MS = 2;

/** A scene over HTTPS: real sockets, and time that passes when it is told to. */
export class HttpScene extends Scene {
  readonly server: SimApiServer;
  readonly way: BlackHole;
  readonly #end: () => Promise<void>;

  constructor(made: Reach & Pick<HttpScene, "server" | "way"> & { end: () => Promise<void> }, options: SceneOptions) {
    super(made, options);
    this.server = made.server;
    this.way = made.way;
    this.#end = made.end;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop();
    } finally {
      await this.#end();
    }
  }

  /** What goes wrong from now on, as `krm simulate --faults` takes it; `""`: nothing. */
  break(spec: string, seed: number): void {
    this.server.faults = spec === "" ? undefined : new FaultPlan(parseFaults(spec), seed);
  }
}

/** How a scene over HTTPS is made. */
export interface HttpSceneOptions extends SceneOptions {
  /** @default 6 */
  readonly pods?: number;
  /** What is wrong from the beginning on. */
  readonly faults?: string;
  /** Before it is watched. */
  readonly prepare?: (cluster: SimCluster) => void;
}

/** Some pods behind an API server, and a monitor that is synced and watches. */
export async function httpScene(options: HttpSceneOptions): Promise<HttpScene> {
  const { seed, pods = 6, namespaces = ["team-a"], faults = "", prepare } = options;
  const clock = new ManualClock();
  const cluster = new SimCluster({ clock, seed });
  const lines: string[] = [];
  recordHistory(cluster, (line) => lines.push(line));
  withNamespaces(cluster, ...namespaces);
  for (let i = 0; i < pods; i++) for (const namespace of namespaces) pod(cluster, `p${i}`, namespace);
  prepare?.(cluster);
  const server = new SimApiServer({
    cluster,
    seed,
    tls: await tls(),
    ...(faults !== "" && { faults: new FaultPlan(parseFaults(faults), seed) }),
  });
  const { url } = await server.listen();
  const port = Number(new URL(url).port);
  const way = await BlackHole.before(port);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(server.kubeconfig().replace(`:${port}`, `:${way.port}`));
  const source = new KubernetesSource({ kubeConfig });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await clock.advance(Math.min(left, STEP_MS));
      await sleep(IO_MS);
    }
  };
  const end = async (): Promise<void> => {
    await source[Symbol.asyncDispose]();
    await server.close();
    await way[Symbol.asyncDispose]();
  };
  const made = {
    clock,
    cluster,
    source,
    lines,
    server,
    way,
    end,
    pass,
    // The server sends them by its clock, one a minute.
    bookmark: () => {},
    openWatches: () => server.openWatches,
  };
  const scene = new HttpScene(made, options);
  try {
    await scene.start();
  } catch (error) {
    await scene[Symbol.asyncDispose]();
    throw error;
  }
  return scene;
}
