import { Cluster, type ClusterNode, type ClusterOptions, type Command, type Redis } from "ioredis";

/** RESP3's own shapes are a matter of the type too; KRM does not ask for them. */
type LegacyOptions = ConstructorParameters<typeof Cluster<"legacy">>[1];

type Sent = Parameters<Cluster["sendCommand"]>;

/**
 * A cluster client that refuses commands at once while the cluster is not known. ioredis' own way to that
 * (`enableOfflineQueue: false`) also refuses what is sent to a node within the moment in which it is connected to, and
 * when this happens in the middle of a pipeline, replies go to the wrong commands.
 */
export class FailFastCluster extends Cluster {
  readonly #commandTimeoutMs: number;

  constructor(
    startupNodes: ClusterNode[],
    options: Omit<ClusterOptions, "enableOfflineQueue" | "lazyConnect">,
    commandTimeoutMs: number,
  ) {
    super(startupNodes, { ...options, enableOfflineQueue: true, lazyConnect: true } as LegacyOptions);
    this.#commandTimeoutMs = commandTimeoutMs;
    this.on("+node", quietAsking);
  }

  override sendCommand(command: Sent[0], stream?: Sent[1], node?: Sent[2]): unknown {
    if (this.status !== "ready" && !isOwn(command)) {
      command.reject(new Error("Cluster isn't ready"));
      return command.promise;
    }
    // What waits for a node has no time-out of its own yet.
    command.setTimeout(this.#commandTimeoutMs);
    return super.sendCommand(command, stream, node);
  }
}

/** `CLUSTER …`: how the client itself finds out whether the cluster is ready. */
function isOwn(command: Command): boolean {
  return command.name === "cluster";
}

/** ioredis sends ASKING before a command that follows an ASK, and looks at no failure of it: that ends the process. */
function quietAsking(node: Redis): void {
  const asking = node.asking.bind(node);
  node.asking = () => {
    const answer = asking();
    answer.catch(() => {});
    return answer;
  };
}
