// What follows from the one version of all packages.

/**
 * Chart.yaml with another version of the chart and of what it deploys; every other line stays.
 *
 * @throws Error where one of the two lines is not there.
 */
export function chartWithVersion(text: string, version: string): string {
  return ["version", "appVersion"].reduce((chart, key) => {
    const line = new RegExp(`^${key}: .*$`, "m");
    if (!line.test(chart)) throw new Error(`Chart.yaml has no line "${key}: …"`);
    return chart.replace(line, `${key}: ${version}`);
  }, text);
}

/**
 * The tags of an image: the version itself, which never moves, and those that follow it: `1.2`, `1` (from 1.0.0 on),
 * `latest`. A pre-release has its own alone.
 *
 * @throws Error where this is no version.
 */
export function imageTags(version: string): readonly string[] {
  const [, major, minor, more] = /^(\d+)\.(\d+)\.\d+(-[0-9A-Za-z.-]+)?$/.exec(version) ?? [];
  if (major === undefined) throw new Error(`${version} is no version such as 1.2.3 or 1.2.3-rc.1`);
  if (more !== undefined) return [version];
  return [version, `${major}.${minor}`, ...(major === "0" ? [] : [major]), "latest"];
}

/** Packages in the order in which they can be published: each after those that it needs. */
export function publishingOrder<T extends { readonly name: string; readonly needs: readonly string[] }>(
  packages: readonly T[],
): readonly T[] {
  const ordered: T[] = [];
  const add = (each: T, under: readonly string[]): void => {
    if (ordered.includes(each)) return;
    if (under.includes(each.name)) throw new Error(`${[...under, each.name].join(" needs ")}: a circle`);
    for (const other of packages) if (each.needs.includes(other.name)) add(other, [...under, each.name]);
    ordered.push(each);
  };
  for (const each of packages) add(each, []);
  return ordered;
}
