import type { Scope, StoredObject } from "@krm/core";

const decoder = new TextDecoder();

/**
 * When a Lease was renewed, in epoch milliseconds with a fraction: `spec.renewTime` has microseconds, and was written by
 * the clock of its holder. Undefined for anything else.
 */
export function renewTimeOf(object: StoredObject, { resource }: Scope): number | undefined {
  if (resource.resource !== "leases" || resource.group !== "coordination.k8s.io") return undefined;
  const { spec } = JSON.parse(decoder.decode(object.bytes)) as { readonly spec?: { readonly renewTime?: unknown } };
  return typeof spec?.renewTime === "string" ? microTime(spec.renewTime) : undefined;
}

/** Reads a MicroTime (RFC 3339 with six digits): `Date.parse` would lose the last three. */
function microTime(text: string): number | undefined {
  const whole = Date.parse(text);
  if (Number.isNaN(whole)) return undefined;
  const digits = /\.(\d+)/.exec(text)?.[1] ?? "";
  return Math.floor(whole / 1000) * 1000 + Number(`0.${digits || 0}`) * 1000;
}
