import { type ListBody, PATHS, type StatusBody } from "@krm/protocol";
import { clientConnections } from "./client-connections.ts";
import { type AsBytes, type AsJson, type AsKubernetes, checkForm, type KubernetesJson } from "./forms.ts";
import type { Fresh, FreshBytes, FreshObject } from "./fresh.ts";
import { notKrm } from "./http-get.ts";
import { IN_CLUSTER_TOKEN_FILE, type InClusterOptions } from "./in-cluster.ts";
import { getCall, type GetCall, listCall, type ListCall } from "./kind-calls.ts";
import { isKnownKind, type KnownResources, type KubernetesObjects } from "./kubernetes-kinds.ts";
import { kubernetesReader } from "./kubernetes-objects.ts";
import { checkCallOptions, type GetOptions, type ListOptions } from "./list-options.ts";
import { Mirror } from "./mirror/mirror.ts";
import type { MirrorOptions } from "./mirror/mirror-options.ts";
import { MirrorSet } from "./mirror/mirror-set.ts";
import { mirrorSource } from "./mirror/mirror-source.ts";
import { type Connection, connectionOf, invalid, type KrmClientOptions } from "./options.ts";
import { readList, readListBytes, readObject, readObjectBytes } from "./reads.ts";
import { type CallOptions, jsonOf, request } from "./request.ts";
import { ResourceHandle } from "./resource-handle.ts";
import type { GroupVersionResource } from "./resource-name.ts";
import { type ReadObject, watch } from "./watch/watch.ts";
import type { WatchEvent } from "./watch/watch-event.ts";
import type { WatchOptions } from "./watch/watch-options.ts";

/**
 * Reads a cluster's state from a KRM server. Holds no connection of its own and needs no closing. Every call is a GET;
 * 408, 429, 503 and connection errors are asked again, with jitter, within the time of the call.
 *
 * @example
 * const client = new KrmClient({ url: "http://127.0.0.1:8003" });
 * const pods = await client.getPods({ namespace: "team-a", labelSelector: "app=web" });
 * pods.items[0]?.metadata?.creationTimestamp; // a Date
 * pods.freshness.state; // "synced"
 */
export class KrmClient {
  readonly #connection: Connection;

  /** Pods. */
  readonly getPods: ListCall<"pods">;
  /** One pod. */
  readonly getPod: GetCall<"pods">;
  /** Deployments of `apps/v1`. */
  readonly getDeployments: ListCall<"deployments">;
  /** One deployment of `apps/v1`. */
  readonly getDeployment: GetCall<"deployments">;
  /** Claims of persistent volumes. */
  readonly getPersistentVolumeClaims: ListCall<"persistentvolumeclaims">;
  /** One claim of a persistent volume. */
  readonly getPersistentVolumeClaim: GetCall<"persistentvolumeclaims">;
  /** Services. */
  readonly getServices: ListCall<"services">;
  /** One service. */
  readonly getService: GetCall<"services">;
  /** Ingresses of `networking.k8s.io/v1`. */
  readonly getIngresses: ListCall<"ingresses">;
  /** One ingress of `networking.k8s.io/v1`. */
  readonly getIngress: GetCall<"ingresses">;
  /** Nodes. */
  readonly getNodes: ListCall<"nodes">;
  /** One node. */
  readonly getNode: GetCall<"nodes">;

  /** @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`, `KRM_CLIENT_INSECURE_TOKEN` */
  constructor(options: KrmClientOptions) {
    const connection = connectionOf(options);
    this.#connection = connection;
    clientConnections.set(this, connection);
    this.getPods = listCall(connection, "pods", "getPods");
    this.getPod = getCall(connection, "pods", "getPod");
    this.getDeployments = listCall(connection, "deployments", "getDeployments");
    this.getDeployment = getCall(connection, "deployments", "getDeployment");
    this.getPersistentVolumeClaims = listCall(connection, "persistentvolumeclaims", "getPersistentVolumeClaims");
    this.getPersistentVolumeClaim = getCall(connection, "persistentvolumeclaims", "getPersistentVolumeClaim");
    this.getServices = listCall(connection, "services", "getServices");
    this.getService = getCall(connection, "services", "getService");
    this.getIngresses = listCall(connection, "ingresses", "getIngresses");
    this.getIngress = getCall(connection, "ingresses", "getIngress");
    this.getNodes = listCall(connection, "nodes", "getNodes");
    this.getNode = getCall(connection, "nodes", "getNode");
  }

  /**
   * A client in a pod, which asks with a token for KRM alone: that of a projected service account token with the audience
   * `krm`, mounted at {@link IN_CLUSTER_TOKEN_FILE}. It never takes the token that every pod has for the API server: where
   * that file is not there, calls reject with `KRM_CLIENT_TOKEN_FILE`. The certificate authority of the server is for the
   * runtime (`NODE_EXTRA_CA_CERTS`), or for `fetch`.
   *
   * @throws KrmClientError as the constructor.
   * @example
   * const client = KrmClient.inCluster({ url: "https://krm.krm.svc:8003" });
   */
  static inCluster(options: InClusterOptions): KrmClient {
    return new KrmClient({ ...options, tokenFile: options.tokenFile ?? IN_CLUSTER_TOKEN_FILE });
  }

  /**
   * All calls for one resource, in one version: `list`, `get`, `watch`. Nothing is asked for yet.
   *
   * @param resource `group/version/plural`, or `v1/plural`. It must be watched in this version.
   * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
   * @example
   * const deployments = client.resource("apps/v1/deployments");
   * const { items } = await deployments.list({ namespace: "team-a" });
   * const widgets = client.resource<Widget>("example.com/v1/widgets");
   */
  resource<Known extends keyof KnownResources>(resource: Known): ResourceHandle<KnownResources[Known]>;
  resource<T = unknown>(resource: GroupVersionResource): ResourceHandle<T>;
  resource(resource: GroupVersionResource): ResourceHandle<unknown> {
    return new ResourceHandle(this, resource);
  }

  /**
   * A list of any watched resource, as plain JSON or as the server's bytes. Items of built-in kinds come without `kind` and
   * `apiVersion`, as from the API server. Numbers above 2^53 lose digits in JSON, as in all of JavaScript; bytes have them.
   *
   * @param resource A plural (`pods`), one with its group (`deployments.apps`), a short name (`po`), or
   * `group/version/plural`, which rejects with `KRM_CLIENT_NOT_FOUND` where another version is watched.
   */
  list<T = unknown>(resource: string, options?: ListOptions & Partial<AsJson>): Promise<Fresh<ListBody<T>>>;
  list(resource: string, options: ListOptions & AsBytes): Promise<FreshBytes>;
  async list(resource: string, options: ListOptions & Partial<AsJson | AsBytes> = {}): Promise<unknown> {
    checkForm(options.as, "json", "bytes");
    return (options.as === "bytes" ? readListBytes : readList)(this.#connection, resource, options, "list");
  }

  /**
   * One object of any watched resource, as plain JSON with its `kind` and `apiVersion`, or as its bytes. Those are the
   * Kubernetes API's, so that they need the namespace, where the resource has namespaces, and the right to `get`.
   *
   * @param resource As for {@link KrmClient.list}; for bytes one of the six kinds, or `group/version/plural`.
   * @throws KrmClientError `KRM_CLIENT_NOT_FOUND` when there is none, `KRM_CLIENT_INVALID_ARGUMENT` when several
   * namespaces have one of this name.
   */
  get<T = unknown>(resource: string, options: GetOptions & Partial<AsJson>): Promise<FreshObject<T>>;
  get(resource: keyof KubernetesObjects | GroupVersionResource, options: GetOptions & AsBytes): Promise<FreshBytes>;
  async get(resource: string, options: GetOptions & Partial<AsJson | AsBytes>): Promise<unknown> {
    checkForm(options.as, "json", "bytes");
    return (options.as === "bytes" ? readObjectBytes : readObject)(this.#connection, resource, options, "get");
  }

  /** How the server, its resources and their roles are. */
  async status(options: CallOptions = {}): Promise<StatusBody> {
    checkCallOptions(options, "status");
    const answer = await request(this.#connection, PATHS.status, options);
    const body = jsonOf(answer);
    if (!isStatusBody(body)) throw notKrm(answer.url, "is no status of KRM");
    return body;
  }

  /**
   * Tells what a resource's objects are, and then what becomes of them, until the signal aborts (the iteration then
   * rejects with its reason), the loop is left, or the server refuses. Begins with `reset`; then all that there is comes
   * as `added`; `synced` says that this was all.
   *
   * Goes on by itself where a connection breaks or ends, or the server fails (any 5xx, 408, 429), for as long as that
   * takes: after the last version that it was told, so that nothing is lost; or with another `reset`, where the server
   * does not know any more what followed. What is not told again between a `reset` and its `synced` is gone: nobody tells
   * its deletion. Once the server has answered, 404, answers that are not KRM's, unreadable lines, and a `tokenFile` that
   * is missing or whose token is refused are believed only at the sixth time in a row; a token that was refused while the
   * file holds another already does not count.
   *
   * Events come in the order of the server; an object may be told again in a state that is known, or in an older one and
   * then in the newer. Nothing is read ahead: a loop that is slow slows the server down, which cuts a reader that takes
   * nothing for a minute; the watch then goes on where it was.
   *
   * @param resource One of the six kinds that have a method, told as client-node's objects unless `as` says `json`; or
   * any other that is watched, as `group/version/plural`, told as JSON.
   * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` at once, also for a namespace or a resource that can be none. The
   * iteration rejects with what the server refuses for:
   * 400, 401, 403, 404, 405; and with `KRM_CLIENT_MISSING_PEER`, `KRM_CLIENT_TOKEN_FILE`, `KRM_CLIENT_NOT_KRM`,
   * `KRM_CLIENT_FRAME`.
   * @example
   * let pods = new Map<string, V1Pod>();
   * let next = pods;
   * for await (const event of client.watch("pods", { signal })) {
   *   if (event.type === "reset") next = new Map();
   *   else if (event.type === "synced") pods = next;
   *   else if (event.type === "deleted") next.delete(keyOf(event.object));
   *   else if (event.type !== "bookmark") next.set(keyOf(event.object), event.object);
   * }
   */
  watch<Resource extends keyof KubernetesObjects>(
    resource: Resource,
    options?: WatchOptions & AsKubernetes,
  ): AsyncIterable<WatchEvent<KubernetesObjects[Resource]>>;
  watch<Resource extends keyof KubernetesObjects>(
    resource: Resource,
    options: WatchOptions & AsJson,
  ): AsyncIterable<WatchEvent<KubernetesJson<KubernetesObjects[Resource]>>>;
  watch<T>(resource: keyof KubernetesObjects, options: WatchOptions & AsJson): AsyncIterable<WatchEvent<T>>;
  watch<T = unknown>(
    resource: GroupVersionResource,
    options?: WatchOptions & Partial<AsJson>,
  ): AsyncIterable<WatchEvent<T>>;
  watch(resource: string, options: WatchOptions & (AsKubernetes | AsJson) = {}): AsyncIterable<WatchEvent<unknown>> {
    return watch(this.#connection, resource, options, objectReader(resource, options.as));
  }

  /**
   * A local copy of a resource that keeps itself up to date by a watch: its objects are looked up without asking anybody.
   * It begins at once, and lives until it is closed, `signal` aborts, or the server refuses it for good; it goes on over
   * all that {@link KrmClient.watch} goes on over.
   *
   * @param resource As for {@link KrmClient.watch}, whose choice of forms it has. client-node's objects cost about twice
   * the CPU time of JSON to make, and as much memory.
   * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
   * @example
   * await using pods = client.mirror("pods", { namespace: "team-a" });
   * await pods.synced();
   * pods.events.on("update", (pod, previous) => console.log(pod.status?.phase, previous.status?.phase));
   * pods.list({ node: "node-1", labelSelector: "app=web" });
   * pods.freshness.state; // "synced"
   */
  mirror<Resource extends keyof KubernetesObjects>(
    resource: Resource,
    options?: MirrorOptions & AsKubernetes,
  ): Mirror<KubernetesObjects[Resource]>;
  mirror<Resource extends keyof KubernetesObjects>(
    resource: Resource,
    options: MirrorOptions & AsJson,
  ): Mirror<KubernetesJson<KubernetesObjects[Resource]>>;
  mirror<T>(resource: keyof KubernetesObjects, options: MirrorOptions & AsJson): Mirror<T>;
  mirror<T = unknown>(resource: GroupVersionResource, options?: MirrorOptions & Partial<AsJson>): Mirror<T>;
  mirror(resource: string, options: MirrorOptions & (AsKubernetes | AsJson) = {}): Mirror<unknown> {
    const source = mirrorSource(this.#connection, resource, options, objectReader(resource, options.as));
    return new Mirror(source, new MirrorSet());
  }
}

/** What makes the objects of a watch out of their JSON. */
function objectReader(resource: string, as: AsJson["as"] | AsKubernetes["as"]): () => Promise<ReadObject<unknown>> {
  checkForm(as, "kubernetes", "json");
  if (isKnownKind(resource) && as !== "json") return async () => kubernetesReader(resource);
  if (as === "kubernetes")
    throw invalid(`${resource} cannot be told as objects of client-node`, 'leave `as` out, or give "json"');
  return async () => (json) => json;
}

function isStatusBody(body: unknown): body is StatusBody {
  const status = body as Partial<StatusBody> | null;
  return Array.isArray(status?.scopes) && typeof status.state === "string";
}
