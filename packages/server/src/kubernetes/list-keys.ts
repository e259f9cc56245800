/** A key as continue tokens hold it: relative to what is listed, which is one namespace or all. */
export function relativeKey(key: string, namespace: string | undefined): string {
  return namespace === undefined ? key : key.slice(namespace.length + 1);
}

/** The key that {@link relativeKey} was made of. */
export function absoluteKey(key: string, namespace: string | undefined): string {
  return namespace === undefined ? key : `${namespace}/${key}`;
}
