import { randomUUID } from "node:crypto";
import type { Status } from "@krm/apimachinery";
import type { Clock } from "@krm/core";
import { PATHS } from "@krm/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { routeOf } from "../answer/observe-answers.ts";
import type { Access } from "../auth/access.ts";
import { bearerToken, type Identity } from "../auth/authenticator.ts";
import { auditedRequest } from "./audited-request.ts";
import type { AuditObjectRef, AuditResponseStatus, AuditSink, AuditStage, AuditUser } from "./audit-event.ts";
import { redactionOf } from "./redaction.ts";
import { sourceIps } from "./source-ips.ts";

/** What an {@link Auditor} writes of, and where to. */
export interface AuditorOptions {
  readonly sink: AuditSink;
  /** Who sends the requests, and what was decided of them. */
  readonly access: Pick<Access, "user" | "judged">;
  readonly clock: Clock;
  /** Under which the server is mounted. */
  readonly prefix: string;
}

/** Open to all, and asked every few seconds. */
const OPEN: ReadonlySet<string> = new Set([PATHS.livez, PATHS.readyz]);

/** As upstream. Characters. */
const LONGEST_USER_AGENT = 1024;

interface Audited {
  readonly id: string;
  /** Wall clock. */
  readonly received: number;
  readonly sourceIPs: readonly string[];
  failure?: Status;
}

/** Writes down every request to a server, but those of the open probes. */
export class Auditor {
  readonly #options: AuditorOptions;
  readonly #audited = new WeakMap<FastifyRequest, Audited>();

  constructor(options: AuditorOptions) {
    this.#options = options;
  }

  /** Hears of every request to an instance, those included that other hooks refuse: to be called before they are added. */
  attach(app: FastifyInstance): void {
    app.addHook("onRequest", (request, reply, done) => {
      this.begin(request, reply);
      done();
    });
  }

  /** A request has come: its end is written down when its answer is out, or its sender has left. */
  begin(request: FastifyRequest, reply: FastifyReply): void {
    if (OPEN.has(routeOf(request, this.#options.prefix))) return;
    const id = randomUUID();
    const sourceIPs = sourceIps(request.headers, request.raw.socket.remoteAddress);
    this.#audited.set(request, { id, received: this.#options.clock.now(), sourceIPs });
    reply.header("Audit-Id", id);
    reply.raw.once("close", () => {
      const failure = this.#audited.get(request)?.failure;
      const early = !reply.raw.headersSent && failure === undefined;
      this.#write(request, "ResponseComplete", early ? LEFT_EARLY : statusOf(reply.statusCode, failure));
    });
  }

  /** It is answered with an error. */
  failed(request: FastifyRequest, failure: Status): void {
    const audited = this.#audited.get(request);
    if (audited !== undefined) audited.failure = failure;
  }

  /** It is answered with a stream, which begins now. */
  streams(request: FastifyRequest): void {
    this.#write(request, "ResponseStarted", statusOf(200, undefined));
  }

  #write(request: FastifyRequest, stage: AuditStage, responseStatus: AuditResponseStatus): void {
    const audited = this.#audited.get(request);
    if (audited === undefined) return;
    const { access, clock, prefix, sink } = this.#options;
    const { authorization, "user-agent": userAgent } = request.headers;
    const { text, uri } = redactionOf(request.raw.url ?? "/", bearerToken(authorization));
    const judged = access.judged(request);
    const { objectRef, verb } = auditedRequest(request, routeOf(request, prefix), prefix, judged?.attributes);
    const { message } = responseStatus;
    // Upstream's order.
    sink.take({
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: "Metadata",
      auditID: audited.id,
      stage,
      requestURI: uri,
      verb,
      user: userOf(access.user(request)),
      ...impersonatedBy(request, text),
      ...(audited.sourceIPs.length === 0 ? {} : { sourceIPs: audited.sourceIPs }),
      ...(userAgent === undefined ? {} : { userAgent: shortened(text(userAgent)) }),
      ...(objectRef === undefined ? {} : { objectRef: redacted(objectRef, text) }),
      responseStatus: message === undefined ? responseStatus : { ...responseStatus, message: text(message) },
      requestReceivedTimestamp: microTime(audited.received),
      stageTimestamp: microTime(clock.now()),
      ...(judged?.decision === undefined ? {} : { annotations: annotationsOf(judged.decision, judged.reason) }),
    });
  }
}

/** Upstream's words for a request whose sender left before anything was sent. */
const LEFT_EARLY: AuditResponseStatus = {
  metadata: {},
  status: "Success",
  message: "Connection closed early",
  code: 200,
};

function statusOf(code: number, failure: Status | undefined): AuditResponseStatus {
  if (failure?.code !== code) return { metadata: {}, code };
  const { message, reason, status } = failure;
  return {
    metadata: {},
    status,
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
    code,
  };
}

function userOf(identity: Identity | undefined): AuditUser {
  if (identity === undefined) return {};
  const { extra, groups, uid, user: username } = identity;
  return {
    username,
    ...(uid === undefined || uid === "" ? {} : { uid }),
    ...(groups === undefined || groups.length === 0 ? {} : { groups }),
    ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Headers of a request that nobody here heeds, and that the API server gets where it is sent on. */
function impersonatedBy(
  { headers }: FastifyRequest,
  text: (value: string) => string,
): { readonly impersonatedUser?: AuditUser } {
  const username = headers["impersonate-user"];
  if (username === undefined) return {};
  const [uid, group] = [headers["impersonate-uid"], headers["impersonate-group"]].map((value) => [value ?? []].flat());
  return {
    impersonatedUser: {
      username: text([username].flat().join(", ")),
      ...(uid?.[0] === undefined ? {} : { uid: text(uid[0]) }),
      ...(group === undefined || group.length === 0 ? {} : { groups: group.map(text) }),
    },
  };
}

/** Upstream writes the reason where there is none, too. */
function annotationsOf(decision: "allow" | "forbid", reason = ""): Readonly<Record<string, string>> {
  return { "authorization.k8s.io/decision": decision, "authorization.k8s.io/reason": reason };
}

function redacted(ref: AuditObjectRef, text: (value: string) => string): AuditObjectRef {
  return Object.fromEntries(Object.entries(ref).map(([name, value]: [string, string]) => [name, text(value)]));
}

function shortened(userAgent: string): string {
  return userAgent.length <= LONGEST_USER_AGENT ? userAgent : `${userAgent.slice(0, LONGEST_USER_AGENT)}...TRUNCATED`;
}

function microTime(at: number): string {
  return new Date(at).toISOString().replace("Z", "000Z");
}
