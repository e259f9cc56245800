import { forbidden, forbiddenPath, type Status, StatusError } from "@krm/apimachinery";
import type { CallOptions } from "@krm/core";
import type { Identity } from "./authenticator.ts";

/** What somebody wants to do with a resource, as Kubernetes' authorizers see it. */
export interface ResourceAttributes {
  readonly type: "resource";
  /** `get`, `list` or `watch`. */
  readonly verb: string;
  /** `""` is the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural. */
  readonly resource: string;
  /** `""`: none, as are the next two. */
  readonly subresource: string;
  /** `""`: all namespaces, or a resource that has none. */
  readonly namespace: string;
  /** `""`: all names. */
  readonly name: string;
}

/** What somebody wants to read that is no resource. */
export interface PathAttributes {
  readonly type: "path";
  readonly verb: string;
  /** Without the prefix under which the server is mounted: `/metrics`. */
  readonly path: string;
}

/** What somebody wants to do. */
export type AccessAttributes = ResourceAttributes | PathAttributes;

/** That somebody may. */
export interface AccessGranted {
  /** Why, in the authorizer's own words, where it says something: for the audit log, and for no reader. */
  readonly reason?: string | undefined;
}

/** Decides what a reader may read. */
export interface Authorizer {
  /**
   * Resolves: they may. Rejects with a `StatusError`: {@link accessRefused} where they may not, 503 where that cannot be
   * decided now. Any other rejection is a 500 that tells nothing; nobody reads anything then either.
   *
   * It is asked before anything is looked up, so that a refusal tells nothing of what there is.
   *
   * @param options Its signal aborts when the reader has left.
   */
  authorize(user: Identity, attributes: AccessAttributes, options?: CallOptions): Promise<AccessGranted | void>;
}

/** A refusal that remembers what the authorizer said apart from the message that it stands in. */
export class AccessRefused extends StatusError {
  readonly said: string;

  constructor(status: Status, said: string) {
    super(status);
    this.said = said;
  }
}

/** 403 in the API server's own words. `reason`: what the authorizer said, where it said something. */
export function accessRefused({ user }: Identity, attributes: AccessAttributes, reason?: string): StatusError {
  const { status } =
    attributes.type === "path"
      ? forbiddenPath({ verb: attributes.verb, path: attributes.path, user, reason })
      : forbidden({ ...attributes, resource: attributes, user, reason });
  return new AccessRefused(status, reason ?? "");
}
