import { DEFAULT_RESOURCES } from "@krm/core";

/** What is asked for. */
export interface Wanted {
  /** As the server knows it. */
  readonly resource: string;
  /** One object of it. */
  readonly name: string | undefined;
}

/**
 * Reads the arguments as kubectl does: `pod/web-1` is `pod web-1`, and of the six resources the singular and the kind are
 * known too, with or without the group. A server knows plurals and short names. Pure.
 */
export function wantedBy(argument: string, name: string | undefined): Wanted {
  const [, resource, inside] = /^([^/]+)\/([^/]+)$/.exec(argument) ?? [];
  if (name === undefined && resource !== undefined) return { resource: plural(resource), name: inside };
  return { resource: plural(argument), name };
}

function plural(text: string): string {
  const [, word = "", group] = /^([^.]*)(?:\.(.+))?$/.exec(text.toLowerCase()) ?? [];
  const known = DEFAULT_RESOURCES.find(
    (type) => [type.singular, type.kind.toLowerCase()].includes(word) && (group ?? type.group) === type.group,
  );
  if (known === undefined) return text;
  return group === undefined ? known.resource : `${known.resource}.${group}`;
}
