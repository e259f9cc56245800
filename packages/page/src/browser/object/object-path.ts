/** The path of one object in the Kubernetes API: of `v1/pods` and `team-a/web-0`. */
export function objectPath(resource: string, key: string): string {
  const [plural = "", version = "", group] = resource.split("/").toReversed();
  const root = group === undefined ? `/api/${version}` : `/apis/${group}/${version}`;
  const [name = "", namespace] = key.split("/").toReversed().map(encodeURIComponent);
  return namespace === undefined ? `${root}/${plural}/${name}` : `${root}/namespaces/${namespace}/${plural}/${name}`;
}
