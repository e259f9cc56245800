import { isCanaryHolder, type Scope, type StoredObject } from "@krm/core";

const decoder = new TextDecoder();

/** What a Lease says of its renewal. */
export interface LeaseRenewal {
  /** `spec.renewTime` in epoch milliseconds with a fraction (it has microseconds), by the clock of its holder. */
  readonly at?: number;
  /** It is a canary's, which measures it itself. */
  readonly byCanary: boolean;
}

/** Undefined for what is no Lease. */
export function leaseRenewal(object: StoredObject, { resource }: Scope): LeaseRenewal | undefined {
  if (resource.resource !== "leases" || resource.group !== "coordination.k8s.io") return undefined;
  const { spec } = JSON.parse(decoder.decode(object.bytes)) as {
    readonly spec?: { readonly renewTime?: unknown; readonly holderIdentity?: unknown };
  };
  const at = typeof spec?.renewTime === "string" ? microTime(spec.renewTime) : undefined;
  return { byCanary: isCanaryHolder(spec?.holderIdentity), ...(at !== undefined && { at }) };
}

/** Reads a MicroTime (RFC 3339 with six digits): `Date.parse` would lose the last three. */
function microTime(text: string): number | undefined {
  const whole = Date.parse(text);
  if (Number.isNaN(whole)) return undefined;
  const digits = /\.(\d+)/.exec(text)?.[1] ?? "";
  return Math.floor(whole / 1000) * 1000 + Number(`0.${digits || 0}`) * 1000;
}
