/** What a mirror looks at of an object, as JSON and client-node's classes both have it. Anything may be missing. */
export interface ObjectFields {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>> | null;
    readonly ownerReferences?: readonly { readonly uid?: string }[] | null;
  } | null;
  readonly spec?: { readonly nodeName?: string } | null;
}

/** An object that came from a server, as far as a mirror looks at it. */
export function fieldsOf(object: unknown): ObjectFields {
  return typeof object === "object" && object !== null ? object : {};
}

/** Names an object of one resource. */
export function keyOf(name: string, namespace: string | undefined): string {
  return `${namespace ?? ""}/${name}`;
}

/** The key that an object has. */
export function objectKey(object: unknown): string {
  const { metadata } = fieldsOf(object);
  return keyOf(metadata?.name ?? "", metadata?.namespace);
}
