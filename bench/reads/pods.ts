import { PODS } from "@krm/core";
import { generateCluster, SimCluster } from "@krm/testkit";

const PER_NAMESPACE = 500;
const PER_NODE = 200;
const PER_LABEL = 50;

type Body = ReturnType<SimCluster["list"]>["items"][number];

/** The pods of the bench: 500 in a namespace, 200 on a node, 50 with one value of the label `group`. */
export class BenchPods {
  readonly #bodies: readonly Body[];

  constructor(count: number) {
    const cluster = new SimCluster();
    generateCluster(cluster, { pods: count, seed: 1 });
    this.#bodies = cluster.list(PODS).items.slice(0, count);
  }

  get count(): number {
    return this.#bodies.length;
  }

  /** @throws Error where there is none of this index. */
  at(index: number): Body {
    const body = this.#bodies[index];
    if (body === undefined) throw new Error(`there is no pod ${index}`);
    const groups = (size: number): number => Math.ceil(this.count / size);
    const metadata = {
      ...body.metadata,
      namespace: `ns-${index % groups(PER_NAMESPACE)}`,
      labels: { ...body.metadata.labels, group: `g-${index % groups(PER_LABEL)}` },
    };
    const spec = { ...(body["spec"] as object), nodeName: `node-${index % groups(PER_NODE)}` };
    return { ...body, metadata, spec };
  }
}
