import {
  type Freshness,
  type ListBody,
  listPath,
  type ListQuery,
  type ListScope,
  PATHS,
  type StatusBody,
} from "@krm/protocol";
import { isDnsSubdomain } from "./dns-name.ts";
import { KrmClientError } from "./error.ts";
import { notKrm } from "./http-get.ts";
import { isKnownKind, type KubernetesLists, type KubernetesObjects, listName } from "./kubernetes-kinds.ts";
import { kubernetesReader, toKubernetesList } from "./kubernetes-objects.ts";
import { checkCallOptions, type GetOptions, getQuery, type ListOptions, listQuery } from "./list-options.ts";
import { type Connection, connectionOf, invalid, type KrmClientOptions } from "./options.ts";
import { type Answer, type CallOptions, request } from "./request.ts";
import { watch } from "./watch/watch.ts";
import type { WatchEvent } from "./watch/watch-event.ts";
import type { WatchOptions } from "./watch/watch-options.ts";
import type { GroupVersionResource } from "./watch/watched-resource.ts";

/** How far a list can be trusted. */
export interface ListFreshness extends Freshness {
  /** The version of the list. */
  readonly resourceVersion: string;
  /** Whether all is in it that was asked for; undefined: it was not asked for with a `scope`, and nothing is left out. */
  readonly scope: ListScope | undefined;
}

/** A list with how far it can be trusted beside it. */
export type Fresh<List> = List & { readonly freshness: ListFreshness };

/** One object with how far it can be trusted beside it. */
export interface FreshObject<T> {
  readonly object: T;
  readonly freshness: ListFreshness;
}

/** Asks for the list as plain JSON, as the server sent it; @kubernetes/client-node is then not needed. */
export interface AsJson {
  readonly as: "json";
}

/** Asks for the list of @kubernetes/client-node: the default. */
export interface AsKubernetes {
  readonly as?: "kubernetes" | undefined;
}

/**
 * Reads a cluster's state from a KRM server. Holds no connection of its own and needs no closing. Every call is a GET;
 * 429, 503 and connection errors are asked again, with jitter, within the time of the call.
 *
 * @example
 * const client = new KrmClient({ url: "http://127.0.0.1:8003" });
 * const pods = await client.getPods({ namespace: "team-a", labelSelector: "app=web" });
 * pods.items[0]?.metadata?.creationTimestamp; // a Date
 * pods.freshness.state; // "synced"
 */
export class KrmClient {
  readonly #connection: Connection;

  /** @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`, `KRM_CLIENT_INSECURE_TOKEN` */
  constructor(options: KrmClientOptions) {
    this.#connection = connectionOf(options);
  }

  /** Pods. */
  getPods(options?: ListOptions & AsKubernetes): Promise<Fresh<KubernetesLists["pods"]>>;
  getPods<T = unknown>(options: ListOptions & AsJson): Promise<Fresh<ListBody<T>>>;
  getPods(options: ListOptions & (AsKubernetes | AsJson) = {}): Promise<unknown> {
    return this.#typed("pods", options, "getPods");
  }

  /** Deployments of `apps/v1`. */
  getDeployments(options?: ListOptions & AsKubernetes): Promise<Fresh<KubernetesLists["deployments"]>>;
  getDeployments<T = unknown>(options: ListOptions & AsJson): Promise<Fresh<ListBody<T>>>;
  getDeployments(options: ListOptions & (AsKubernetes | AsJson) = {}): Promise<unknown> {
    return this.#typed("deployments", options, "getDeployments");
  }

  /** Claims of persistent volumes. */
  getPersistentVolumeClaims(
    options?: ListOptions & AsKubernetes,
  ): Promise<Fresh<KubernetesLists["persistentvolumeclaims"]>>;
  getPersistentVolumeClaims<T = unknown>(options: ListOptions & AsJson): Promise<Fresh<ListBody<T>>>;
  getPersistentVolumeClaims(options: ListOptions & (AsKubernetes | AsJson) = {}): Promise<unknown> {
    return this.#typed("persistentvolumeclaims", options, "getPersistentVolumeClaims");
  }

  /** Services. */
  getServices(options?: ListOptions & AsKubernetes): Promise<Fresh<KubernetesLists["services"]>>;
  getServices<T = unknown>(options: ListOptions & AsJson): Promise<Fresh<ListBody<T>>>;
  getServices(options: ListOptions & (AsKubernetes | AsJson) = {}): Promise<unknown> {
    return this.#typed("services", options, "getServices");
  }

  /** Ingresses of `networking.k8s.io/v1`. */
  getIngresses(options?: ListOptions & AsKubernetes): Promise<Fresh<KubernetesLists["ingresses"]>>;
  getIngresses<T = unknown>(options: ListOptions & AsJson): Promise<Fresh<ListBody<T>>>;
  getIngresses(options: ListOptions & (AsKubernetes | AsJson) = {}): Promise<unknown> {
    return this.#typed("ingresses", options, "getIngresses");
  }

  /** Nodes. */
  getNodes(options?: ListOptions & AsKubernetes): Promise<Fresh<KubernetesLists["nodes"]>>;
  getNodes<T = unknown>(options: ListOptions & AsJson): Promise<Fresh<ListBody<T>>>;
  getNodes(options: ListOptions & (AsKubernetes | AsJson) = {}): Promise<unknown> {
    return this.#typed("nodes", options, "getNodes");
  }

  /**
   * A list of any watched resource, as plain JSON. Items of built-in kinds come without `kind` and `apiVersion`, as from
   * the API server. Numbers above 2^53 lose digits, as in all of JavaScript.
   *
   * @param resource A plural (`pods`), one with its group (`deployments.apps`), or a short name (`po`).
   */
  async list<T = unknown>(resource: string, options: ListOptions = {}): Promise<Fresh<ListBody<T>>> {
    const { body, freshness } = await this.#list(resource, options, "list");
    return { ...(body as ListBody<T>), freshness };
  }

  /**
   * One object of any watched resource, as plain JSON with its `kind` and `apiVersion`.
   *
   * @throws KrmClientError `KRM_CLIENT_NOT_FOUND` when there is none, `KRM_CLIENT_INVALID_ARGUMENT` when several
   * namespaces have one of this name.
   */
  async get<T = unknown>(resource: string, options: GetOptions): Promise<FreshObject<T>> {
    const answer = await request(this.#connection, pathOf(resource, getQuery(options)), options);
    const { body, freshness } = listOf(answer);
    const [object, another] = body.items as readonly object[];
    const named = `${resource} ${JSON.stringify(options.name)}`;
    if (object === undefined) {
      const { resourceVersion: _version, scope: _scope, ...trust } = freshness;
      throw new KrmClientError("KRM_CLIENT_NOT_FOUND", `${answer.url}: ${named} not found`, {
        url: answer.url,
        freshness: trust,
        // Whoever reads the message alone must see that the object may well be there.
        hint: trust.warnings.length === 0 ? undefined : `the server warns: ${trust.warnings.join("; ")}`,
      });
    }
    if (another !== undefined) throw invalid(`several namespaces have ${named}`, "name the namespace");
    const kind = body.kind.replace(/List$/, "");
    return { object: { kind, apiVersion: body.apiVersion, ...object } as T, freshness };
  }

  /** How the server, its resources and their roles are. */
  async status(options: CallOptions = {}): Promise<StatusBody> {
    checkCallOptions(options, "status");
    const { body, url } = await request(this.#connection, PATHS.status, options);
    if (!isStatusBody(body)) throw notKrm(url, "is no status of KRM");
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
  watch<T = unknown>(resource: keyof KubernetesObjects, options: WatchOptions & AsJson): AsyncIterable<WatchEvent<T>>;
  watch<T = unknown>(
    resource: GroupVersionResource,
    options?: WatchOptions & Partial<AsJson>,
  ): AsyncIterable<WatchEvent<T>>;
  watch(resource: string, options: WatchOptions & (AsKubernetes | AsJson) = {}): AsyncIterable<WatchEvent<unknown>> {
    checkForm(options.as);
    if (isKnownKind(resource) && options.as !== "json")
      return watch(this.#connection, resource, options, async () => kubernetesReader(resource));
    if (options.as === "kubernetes")
      throw invalid(`${resource} cannot be told as objects of client-node`, 'leave `as` out, or give "json"');
    return watch<unknown>(this.#connection, resource, options, async () => (json) => json);
  }

  async #typed(
    resource: keyof KubernetesLists,
    options: ListOptions & (AsKubernetes | AsJson),
    where: string,
  ): Promise<unknown> {
    checkForm(options.as);
    const { body, freshness } = await this.#list(listName(resource), options, where);
    if (options.as === "json") return { ...body, freshness };
    return Object.assign(await toKubernetesList(resource, body), { freshness });
  }

  async #list(resource: string, options: ListOptions, where: string): Promise<FreshList> {
    return listOf(await request(this.#connection, pathOf(resource, listQuery(options, where)), options));
  }
}

interface FreshList {
  readonly body: ListBody;
  readonly freshness: ListFreshness;
}

function checkForm(as: string | undefined): void {
  if (as !== undefined && as !== "json" && as !== "kubernetes")
    throw invalid(`as is ${JSON.stringify(as)}`, 'give "kubernetes" or "json"');
}

/** The path of a flat list. What is no name, such as "..", would be another path. */
function pathOf(resource: string, query: ListQuery): string {
  if (resource === "") throw invalid("resource is empty", "name one, such as pods");
  if (!isDnsSubdomain(resource))
    throw invalid(`resource is ${JSON.stringify(resource)}`, "give a name such as pods, po or deployments.apps");
  return listPath(resource, query);
}

function listOf({ body, freshness, scope, url }: Answer): FreshList {
  if (freshness === undefined) throw notKrm(url, "does not say how far it can be trusted");
  if (!isListBody(body)) throw notKrm(url, "is no list");
  return { body, freshness: { ...freshness, resourceVersion: body.metadata.resourceVersion, scope } };
}

function isListBody(body: unknown): body is ListBody {
  const list = body as Partial<ListBody> | null;
  return (
    Array.isArray(list?.items) && typeof list.kind === "string" && typeof list.metadata?.resourceVersion === "string"
  );
}

function isStatusBody(body: unknown): body is StatusBody {
  const status = body as Partial<StatusBody> | null;
  return Array.isArray(status?.scopes) && typeof status.state === "string";
}
