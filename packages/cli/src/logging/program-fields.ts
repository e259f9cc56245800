import { isRecord } from "./is-record.ts";

/**
 * The fields of a line for programs: which role of which resource in which namespace it is about comes first, and what
 * `about` says (for programs, what the message says for people) stands beside the others. Pure.
 */
export function programFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { about, ...rest } = fields;
  const { role, roles, scope, scopes, ...more } = { ...rest, ...(isRecord(about) ? about : {}) };
  const [one, ...others] = listOf(scopes ?? scope);
  const [only, ...otherRoles] = listOf(role ?? roles);
  return {
    ...(only === undefined ? {} : otherRoles.length === 0 ? { role: only } : { roles }),
    ...(one === undefined ? {} : others.length === 0 ? placeOf(one) : { scopes }),
    ...more,
  };
}

/** `v1/pods@team-a`, as metrics have it. */
function placeOf(scope: unknown): { readonly resource: string; readonly namespace?: string } {
  const [, resource = "", namespace] = /^([^@]*)(?:@(.*))?$/s.exec(String(scope)) ?? [];
  return namespace === undefined ? { resource } : { resource, namespace };
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
