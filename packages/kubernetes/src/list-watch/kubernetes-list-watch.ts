import {
  type CallOptions,
  type ClockOffset,
  decodeListPage,
  decodeMetadataPage,
  decodeObject,
  type DropPaths,
  KrmError,
  type ListPage,
  type ListRequest,
  type ListWatch,
  type MetadataPage,
  resourcePath,
  type Scope,
  type StoredObject,
  TOLD_CONTACT,
  toldContact,
  type WatchRequest,
  type WatchStream,
} from "@krm/core";
import { isServed } from "../discovery/is-served.ts";
import { METADATA_LIST } from "../transport/accept.ts";
import type { ApiAnswer, ApiTransport } from "../transport/api-transport.ts";
import { watchEvents } from "./watch-events.ts";

/** What an API server passes over. */
const { ask: ASK, header: HEARD } = TOLD_CONTACT;

/** {@link ListWatch} of one scope over HTTP. */
export class KubernetesListWatch implements Required<ListWatch> {
  readonly scope: Scope;
  readonly #transport: ApiTransport;
  readonly #drop: DropPaths | undefined;

  constructor(scope: Scope, transport: ApiTransport, drop: DropPaths | undefined) {
    if (scope.namespace !== undefined && !scope.resource.namespaced) {
      throw new KrmError(
        "KRM_INVALID_ARGUMENT",
        `${scope.resource.resource} are cluster-scoped: they cannot be listed in namespace ${JSON.stringify(scope.namespace)}`,
      );
    }
    this.scope = scope;
    this.#transport = transport;
    this.#drop = drop;
  }

  async list(request: ListRequest, options: CallOptions = {}): Promise<ListPage> {
    const { body, headers } = await this.#list(request, options);
    const page = this.#decode(this.#path(), () => decodeListPage(body, { drop: this.#drop }));
    return { ...page, heardAt: heardAt(headers) };
  }

  async listMetadata(request: ListRequest, options: CallOptions = {}): Promise<MetadataPage> {
    const { body, headers } = await this.#list(request, options, METADATA_LIST);
    const page = this.#decode(this.#path(), () => decodeMetadataPage(body));
    return { ...page, heardAt: heardAt(headers) };
  }

  async served(options: CallOptions = {}): Promise<boolean> {
    return isServed(this.#transport, this.scope.resource, options);
  }

  async watch(request: WatchRequest, options: CallOptions = {}): Promise<WatchStream> {
    const query = new URLSearchParams({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: request.resourceVersion ?? "",
      timeoutSeconds: String(request.timeoutSeconds),
    });
    if (request.initialEvents === true) {
      query.set("sendInitialEvents", "true");
      query.set("resourceVersionMatch", "NotOlderThan");
    }
    const asked = { [ASK.header]: ASK.value };
    const call = { purpose: "watch", path: this.#path(), query, headers: asked, signal: options.signal } as const;
    const { body, headers } = await this.#transport.open(call);
    const name = this.#transport.name(call);
    const encoding = headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") {
      body.on("error", () => {}).destroy();
      throw new KrmError(
        "KRM_DECODE",
        `${name}: the watch came in the encoding ${String(encoding)}, though in none was asked for`,
        {
          hint: "switch off compression in what stands between here and the API server",
        },
      );
    }
    const events = watchEvents(body, {
      drop: this.#drop,
      name,
      broken: (error) => this.#transport.broken(error, call),
    });
    return Object.assign(events, { heardAt: heardAt(headers) });
  }

  async get(
    key: { readonly namespace: string; readonly name: string },
    options: CallOptions = {},
  ): Promise<StoredObject | undefined> {
    const path = resourcePath(this.scope.resource, key.namespace, key.name);
    try {
      const { body } = await this.#transport.read({ purpose: "get", path, signal: options.signal });
      return this.#decode(path, () => decodeObject(body, { drop: this.#drop }));
    } catch (error) {
      if (KrmError.is(error, "KRM_API_STATUS") && error.status?.code === 404) return undefined;
      throw error;
    }
  }

  clockOffset(): ClockOffset | undefined {
    return this.#transport.serverClock.offset();
  }

  async #list(request: ListRequest, { signal }: CallOptions, accept?: string): Promise<ApiAnswer> {
    const query = new URLSearchParams();
    if (request.limit !== undefined) query.set("limit", String(request.limit));
    if (request.continue !== undefined) query.set("continue", request.continue);
    if (request.resourceVersion !== undefined) query.set("resourceVersion", request.resourceVersion);
    if (request.match !== undefined) query.set("resourceVersionMatch", request.match);
    const { elsewhere } = request;
    const call = { purpose: "list", path: this.#path(), query, accept, elsewhere, signal } as const;
    return this.#transport.read(call);
  }

  #path(): string {
    return resourcePath(this.scope.resource, this.scope.namespace);
  }

  /** The decoder knows what is wrong and where; this adds of what. */
  #decode<T>(path: string, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (!KrmError.is(error)) throw error;
      throw new KrmError(error.code, `${this.#transport.name({ path })}: ${error.message}`, { cause: error });
    }
  }
}

/** When a source that is another KRM had last heard from its own. */
function heardAt(headers: ApiAnswer["headers"]): number | undefined {
  return toldContact(headers[HEARD.toLowerCase()]);
}
