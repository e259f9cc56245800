import type { IncomingMessage, ServerResponse } from "node:http";
import {
  forbidden,
  forbiddenPath,
  goJson,
  internalError,
  methodNotAllowed,
  notFound,
  notFoundPath,
  isWatchQuery,
  parseListOptions,
  readObjectView,
  requestInfo,
  type RequestInfo,
  type ResourceRequestInfo,
  StatusError,
  unauthorized,
  watchQuery,
} from "@krm/apimachinery";
import type { Clock } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { SimResource } from "../cluster/sim-resource.ts";
import { timestamp } from "../cluster/timestamp.ts";
import type { FaultPlan } from "../faults/fault-plan.ts";
import { dateHead } from "./date-header.ts";
import { listPage, untilVersion } from "./list.ts";
import { pathAnswer, PAGE_NOT_FOUND } from "./path-answers.ts";
import type { Replicas } from "./replicas.ts";
import { Representer } from "./representer.ts";
import type { RequestCounters } from "./request-counters.ts";
import { decodeObject, readBody } from "./request-body.ts";
import { type Answer, respond } from "./respond.ts";
import { answerReview, REVIEWS } from "./reviews.ts";
import type { ServedResources } from "./served-resources.ts";
import { type AccessAttributes, ANONYMOUS, type UserInfo, type Users } from "./users.ts";
import { faultError, WatchHub } from "./watch-hub.ts";
import { watchListRefused } from "./watch-list-refused.ts";
import { scaleOf, write } from "./writes.ts";

/** What requests are answered from. */
export interface RequestHandlerInput {
  readonly cluster: SimCluster;
  readonly clock: Clock;
  readonly users: Users;
  readonly counters: RequestCounters;
  readonly seed: number;
  readonly slowReaderBytes: number;
  /** The faults of this moment. */
  readonly faults: () => FaultPlan | undefined;
  readonly replicas: Replicas;
  readonly served: ServedResources;
}

/** A request that has been read and let in. */
interface Admitted {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
}

/** Answers requests: who asks, may they, what is asked, and the answer. */
export class RequestHandler {
  readonly watches: WatchHub;
  readonly #input: RequestHandlerInput;
  readonly #representer: Representer;

  constructor(input: RequestHandlerInput) {
    this.#input = input;
    this.#representer = new Representer(input.clock);
    this.watches = new WatchHub({ ...input, representer: this.#representer });
  }

  /** Answers one request. Never rejects: what goes wrong becomes the answer, unless nobody is there to hear it. */
  async handle(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    dateHead(response, this.#input.clock);
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      const answer = await this.#answer(request, response, AbortSignal.any([signal, gone.signal]));
      if (answer !== undefined) await this.#send(request, response, answer);
    } catch (error) {
      if (gone.signal.aborted || signal.aborted || response.headersSent) {
        response.destroy();
        return;
      }
      await this.#send(request, response, errorAnswer(error));
    }
  }

  #send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    const acceptEncoding = request.headers["accept-encoding"] ?? "";
    return respond(response, answer, { acceptEncoding, head: request.method === "HEAD" });
  }

  async #answer(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<Answer | undefined> {
    const [path = "/", ...search] = (request.url ?? "/").split("?");
    const query = new URLSearchParams(search.join("?"));
    const info = requestInfo(request.method ?? "GET", path, isWatchQuery(query));
    this.#input.counters.add(info.verb, info.type === "path" ? info.path : resourceOf(info));
    const user = this.#impersonated(this.#authenticate(request.headers.authorization), request);
    this.#authorize(user, info, query);
    const admitted: Admitted = { request, response, query, user, signal };
    if (info.type === "path") {
      if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed();
      return pathAnswer(this.#input.served.all, info.path, request.headers);
    }
    this.#injectFault(info, query);
    return this.#resource(admitted, info);
  }

  #authenticate(authorization: string | undefined): UserInfo {
    if (authorization === undefined) return ANONYMOUS;
    const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    const user = token === undefined ? undefined : this.#input.users.byToken(token);
    if (user === undefined) throw unauthorized();
    return user;
  }

  /** Who the request is made for, where its headers name somebody else. */
  #impersonated(user: UserInfo, { headers }: IncomingMessage): UserInfo {
    const name = headers["impersonate-user"];
    if (typeof name !== "string") return user;
    const what = { group: "", resource: "users", subresource: "", namespace: "", name, verb: "impersonate" };
    if (!this.#input.users.allows(user, { type: "resource", ...what })) {
      throw forbidden({ ...what, resource: what, user: user.username });
    }
    const groups = headers["impersonate-group"] ?? [];
    const named = typeof groups === "string" ? groups.split(", ") : groups;
    return { username: name, groups: [...named, "system:authenticated"] };
  }

  #authorize(user: UserInfo, info: RequestInfo, query: URLSearchParams): void {
    const attributes = attributesOf(info, query);
    if (this.#input.users.allows(user, attributes)) return;
    if (attributes.type === "path") {
      throw forbiddenPath({ verb: attributes.verb, path: attributes.path, user: user.username });
    }
    throw forbidden({ ...attributes, resource: attributes, user: user.username });
  }

  #injectFault(info: ResourceRequestInfo, query: URLSearchParams): void {
    const version = query.get("resourceVersion") ?? "";
    const expirable =
      (info.verb === "watch" && version !== "" && version !== "0") ||
      (info.verb === "list" && (query.has("continue") || query.get("resourceVersionMatch") === "Exact"));
    const fault = this.#input.faults()?.nextRequest({ expirable });
    if (fault?.status !== undefined) throw faultError(fault.status, fault.retryAfterSeconds);
  }

  async #resource(admitted: Admitted, info: ResourceRequestInfo): Promise<Answer | undefined> {
    const resource = this.#input.served.find(info.group, info.version, info.resource);
    if (resource === undefined) return this.#review(admitted, info);
    // A namespaced object has a namespace in its path, and nothing else has one.
    if (resource.namespaced ? info.name !== "" && info.namespace === "" : info.namespace !== "") throw notFoundPath();
    switch (info.verb) {
      case "get":
        return this.#get(admitted, info, resource);
      case "list":
        return this.#list(admitted, info, resource);
      case "watch":
        return this.#watch(admitted, info, resource);
      default:
        return this.#write(admitted, info, resource);
    }
  }

  async #get({ query, request, signal }: Admitted, info: ResourceRequestInfo, resource: SimResource): Promise<Answer> {
    const { cluster, clock } = this.#input;
    if (info.subresource !== "" && !(resource.subresources as readonly string[]).includes(info.subresource)) {
      throw notFoundPath();
    }
    const view = readObjectView(request.headers.accept, query, false);
    const version = query.get("resourceVersion") ?? "";
    if (version !== "" && version !== "0") await untilVersion(cluster, clock, version, signal);
    const object = cluster.get(resource, info.namespace, info.name);
    if (object === undefined) throw notFound(resource, info.name);
    if (info.subresource === "scale") return { status: 200, body: `${goJson(scaleOf(object))}\n` };
    return this.#representer.object(resource, object, view);
  }

  async #list(admitted: Admitted, info: ResourceRequestInfo, resource: SimResource): Promise<Answer> {
    const { clock, replicas } = this.#input;
    const view = readObjectView(admitted.request.headers.accept, admitted.query, false);
    const options = parseListOptions(admitted.query, "list");
    const reader = replicas.choose({ continues: options.continue !== "" });
    const page = await listPage(reader, clock, resource, info.namespace, options, admitted.signal);
    return this.#representer.list(resource, page, view);
  }

  async #watch(admitted: Admitted, info: ResourceRequestInfo, resource: SimResource): Promise<Answer | undefined> {
    const { clock, faults, replicas } = this.#input;
    const view = readObjectView(admitted.request.headers.accept, admitted.query, true);
    const options = parseListOptions(watchQuery(admitted.query, info.name), "watch");
    // Without the gate a watch that names no version begins with what exists all the same, but nothing marks its end.
    const hasGate = faults()?.spec.noWatchList !== true;
    if (!hasGate && admitted.query.has("sendInitialEvents")) throw watchListRefused();
    const { resourceVersion: version, sendInitialEvents } = options;
    const reader = replicas.choose({ continues: false });
    if (sendInitialEvents === true && version !== "" && version !== "0") {
      await untilVersion(reader, clock, version, admitted.signal);
    }
    const { namespace } = info;
    const line = this.watches.open({ resource, namespace, options, view, reader, marker: hasGate }, admitted.response);
    return line === undefined ? undefined : { status: 200, body: line };
  }

  async #write({ query, request }: Admitted, info: ResourceRequestInfo, resource: SimResource): Promise<Answer> {
    const view = readObjectView(request.headers.accept, query, false);
    const result = write(this.#input.cluster, {
      info,
      resource,
      query,
      contentType: request.headers["content-type"],
      manager: query.get("fieldManager") ?? userAgent(request),
      body: await readBody(request),
    });
    switch (result.type) {
      case "object":
        return this.#representer.object(resource, result.object, view, result.status);
      case "list": {
        const meta = { resourceVersion: result.resourceVersion };
        return this.#representer.list(resource, { items: result.items, meta }, view);
      }
      case "value":
        return { status: result.status, body: `${goJson(result.value)}\n` };
    }
  }

  /** What is not kept in the cluster: a review, or nothing. */
  async #review({ request, user }: Admitted, info: ResourceRequestInfo): Promise<Answer> {
    const sameGroup = (each: { group: string; version: string }): boolean =>
      each.group === info.group && each.version === info.version;
    const review = REVIEWS.find((each) => sameGroup(each) && each.resource === info.resource);
    if (review === undefined) {
      if ([...this.#input.served.all, ...REVIEWS].some(sameGroup)) throw notFoundPath();
      return PAGE_NOT_FOUND;
    }
    if (info.verb !== "create") throw methodNotAllowed();
    const body = await readBody(request);
    const object = decodeObject(body, request.headers["content-type"], review);
    const manager = userAgent(request) ?? "unknown";
    const asker = { user, manager, time: timestamp(this.#input.clock.now()) };
    return { status: 201, body: `${goJson(answerReview(this.#input.users, review, object, asker))}\n` };
  }
}

/** Upstream takes the first part of the user agent for the name of who writes. */
function userAgent(request: IncomingMessage): string | undefined {
  const name = request.headers["user-agent"]?.split("/")[0] ?? "";
  return name === "" ? undefined : name;
}

function resourceOf(info: ResourceRequestInfo): string {
  return info.subresource === "" ? info.resource : `${info.resource}/${info.subresource}`;
}

/** A list or watch of one name, by field selector, asks for that name: as upstream lets a rule of that name pass. */
function attributesOf(info: RequestInfo, query: URLSearchParams): AccessAttributes {
  if (info.type === "path") return { type: "path", verb: info.verb, path: info.path };
  const { group, name, namespace, resource, subresource, verb } = info;
  const selected =
    name === "" && (verb === "list" || verb === "watch")
      ? /(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)/.exec(query.get("fieldSelector") ?? "")?.[1]
      : undefined;
  return { type: "resource", verb, group, resource, subresource, namespace, name: selected ?? name };
}

function errorAnswer(error: unknown): Answer {
  const told = error instanceof StatusError ? error : internalError(error instanceof Error ? error.message : "unknown");
  const retry = told.retryAfterSeconds;
  return {
    status: told.status.code,
    body: `${goJson(told.status)}\n`,
    ...(retry === undefined ? {} : { headers: { "retry-after": String(retry) } }),
  };
}
