import {
  type CallOptions,
  canaryHolder,
  type CanaryLease,
  KrmError,
  LEASES,
  objectKey,
  type ObjectKey,
  type RenewedLease,
  resourcePath,
  type Uid,
} from "@krm/core";
import type { KubernetesSource } from "./kubernetes-source.ts";

/**
 * A Lease that serves nothing but to be written, so that the time until a watch tells of it can be measured: what
 * `@krm/metrics`' Canary renews. Rights needed, in its namespace: `patch` on this one Lease, and `create` on leases until
 * it is there.
 */
export class KubernetesCanaryLease implements CanaryLease {
  readonly key: ObjectKey;
  readonly #source: KubernetesSource;
  readonly #namespace: string;
  readonly #name: string;
  readonly #holder: string;

  /** @param holder Who writes: `spec.holderIdentity` says it, by `canaryHolder`. */
  constructor(
    source: KubernetesSource,
    { namespace, name, holder }: { readonly namespace: string; readonly name: string; readonly holder: string },
  ) {
    this.#source = source;
    this.#namespace = namespace;
    this.#name = name;
    this.#holder = canaryHolder(holder);
    this.key = objectKey(namespace, name);
  }

  /**
   * Renews the Lease, and creates it where it is missing.
   *
   * @param at wall clock, epoch milliseconds
   * @throws KrmError as `ListWatch` does
   */
  async renew(at: number, options: CallOptions = {}): Promise<RenewedLease> {
    const spec = { holderIdentity: this.#holder, renewTime: microTime(at) };
    try {
      return await this.#patch(spec, options);
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
    try {
      return await this.#create(spec, options);
    } catch (error) {
      // Somebody else was quicker.
      if (!isStatus(error, 409)) throw error;
      return this.#patch(spec, options);
    }
  }

  async #patch(spec: object, { signal }: CallOptions): Promise<RenewedLease> {
    const { body } = await this.#source.transport.read({
      purpose: "write",
      path: resourcePath(LEASES, this.#namespace, this.#name),
      write: { method: "PATCH", contentType: "application/merge-patch+json", body: JSON.stringify({ spec }) },
      signal,
    });
    return written(body, false);
  }

  async #create(spec: object, { signal }: CallOptions): Promise<RenewedLease> {
    const metadata = { name: this.#name, namespace: this.#namespace };
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
    const { body } = await this.#source.transport.read({
      purpose: "write",
      path: resourcePath(LEASES, this.#namespace),
      write: { method: "POST", contentType: "application/json", body: JSON.stringify(lease) },
      signal,
    });
    return written(body, true);
  }
}

function written(body: Buffer, created: boolean): RenewedLease {
  const { metadata } = JSON.parse(body.toString("utf8")) as {
    readonly metadata: { readonly uid: Uid; readonly resourceVersion: string };
  };
  return { uid: metadata.uid, resourceVersion: metadata.resourceVersion, created };
}

function isStatus(error: unknown, code: number): boolean {
  return KrmError.is(error, "KRM_API_STATUS") && error.status?.code === code;
}

/** A MicroTime, as Leases have it. */
function microTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`;
}
