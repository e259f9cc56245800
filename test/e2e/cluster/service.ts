import type { V1Service } from "@kubernetes/client-node";
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { onlyFields } from "./only-fields.ts";
import type { Pod } from "./pod.ts";
import { portOf } from "./probe.ts";

/**
 * A Service: an address of its own, whose connections go to its ready pods by turns, as kube-proxy's do. Open ones stay
 * where they are.
 */
export class Service implements AsyncDisposable {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly #spec: NonNullable<V1Service["spec"]>;
  readonly #pods: () => readonly Pod[];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #turn = 0;

  constructor(service: V1Service, namespace: string, address: string, pods: () => readonly Pod[]) {
    const spec = service.spec ?? {};
    onlyFields(spec, ["type", "selector", "ports"], `the Service ${service.metadata?.name}`);
    this.name = service.metadata?.name ?? "";
    this.namespace = namespace;
    this.address = address;
    this.#spec = spec;
    this.#pods = pods;
  }

  /** The names by which pods find it. */
  get hosts(): readonly string[] {
    const { name, namespace } = this;
    return [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
  }

  /** Its ready pods. */
  endpoints(): readonly Pod[] {
    const wanted = Object.entries(this.#spec.selector ?? {});
    return this.#pods().filter((pod) => pod.ready && wanted.every(([label, value]) => pod.labels[label] === value));
  }

  async listen(): Promise<void> {
    for (const { port, targetPort } of this.#spec.ports ?? []) {
      const server = createServer((socket) => this.#forward(socket, targetPort ?? port));
      server.listen({ host: this.address, port });
      await once(server, "listening");
      this.#servers.push(server);
    }
  }

  #forward(reader: Socket, targetPort: number | string): void {
    this.#hold(reader);
    const ready = this.endpoints();
    const pod = ready[this.#turn++ % Math.max(1, ready.length)];
    if (pod === undefined) {
      reader.resetAndDestroy();
      return;
    }
    const container = pod.containers.find(({ spec }) => (spec.ports ?? []).some((each) => each.name === targetPort));
    const port = container === undefined ? Number(targetPort) : portOf(container.spec, targetPort);
    const server = connect({ host: pod.address, port });
    this.#hold(server);
    reader.pipe(server).pipe(reader);
    for (const [one, other] of [
      [reader, server],
      [server, reader],
    ] as const)
      one.on("close", () => (one.errored === null ? other.end() : other.resetAndDestroy()));
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // Told by `close`.
    socket.on("error", () => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
