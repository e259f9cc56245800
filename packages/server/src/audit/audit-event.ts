/** When in the life of a request an event was written. `ResponseStarted` comes from watches alone, as they begin. */
export type AuditStage = "ResponseStarted" | "ResponseComplete";

/** Who sent a request; empty where that is not known. */
export interface AuditUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a request was for. Absent members: none, or all of them. */
export interface AuditObjectRef {
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly apiGroup?: string;
  readonly apiVersion?: string;
  readonly subresource?: string;
}

/** How it was answered. Of a good answer the code alone. */
export interface AuditResponseStatus {
  readonly metadata: Readonly<Record<string, never>>;
  readonly status?: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly code: number;
}

/**
 * One request in the shape of `audit.k8s.io/v1`, at the level `Metadata`: who asked for what, when, and how it was
 * answered. It holds no token and nothing of an object but its name.
 */
export interface AuditEvent {
  readonly kind: "Event";
  readonly apiVersion: "audit.k8s.io/v1";
  readonly level: "Metadata";
  /** Made here for each request, and told to its sender as `Audit-Id`; both stages of a watch have the same. */
  readonly auditID: string;
  readonly stage: AuditStage;
  /** As it was sent, less what may be a secret. */
  readonly requestURI: string;
  /** Kubernetes' verb, or of what is no resource the method in lower case. */
  readonly verb: string;
  readonly user: AuditUser;
  /**
   * As whom the user asked the API server to read, where the request was sent on to it: whether they may, it alone knows.
   */
  readonly impersonatedUser?: AuditUser;
  /** Those that proxies claim, then who was connected; only the last one is certain. */
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: AuditObjectRef;
  readonly responseStatus: AuditResponseStatus;
  /** RFC 3339 in UTC, with microseconds, as Kubernetes writes it; the last three digits are 0. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  /** `authorization.k8s.io/decision` (`allow`, `forbid`) and `…/reason`, where a right was decided upon. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Takes the events of an audit log. */
export interface AuditSink {
  /** Takes one, on the way of an answer: must be quick, and must not throw. Those of one server come in their order. */
  take(event: AuditEvent): void;
}
