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

interface Version {
  /** Major, minor and patch. */
  readonly numbers: readonly [number, number, number];
  readonly isPreRelease: boolean;
}

function parsed(version: string): Version | undefined {
  const [, major, minor, patch, more] = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?$/.exec(version) ?? [];
  if (major === undefined) return undefined;
  return { numbers: [Number(major), Number(minor), Number(patch)], isPreRelease: more !== undefined };
}

function versionOf(text: string): Version {
  const version = parsed(text);
  if (version === undefined) throw new Error(`${text} is no version such as 1.2.3 or 1.2.3-rc.1`);
  return version;
}

/** More than 0: the first is the newer one. Pre-releases are not told apart. */
function compared({ numbers: one }: Version, { numbers: other }: Version): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

/**
 * Whether a version is this one or a newer one.
 *
 * @throws Error where one of them is no version.
 */
export function isAtLeast(version: string, least: string): boolean {
  return compared(versionOf(version), versionOf(least)) >= 0;
}

/**
 * The tags of an image: the version itself, which never moves, and those that follow the newest: `1.2`, `1` (from 1.0.0
 * on), `latest`. A pre-release has its own alone. `released`: the versions that there are; of a line that has a newer
 * one no tag is taken back. What is no version among them, and pre-releases, do not count.
 *
 * @throws Error where this is no version.
 */
export function imageTags(version: string, released: readonly string[] = []): readonly string[] {
  const { numbers, isPreRelease } = versionOf(version);
  if (isPreRelease) return [version];
  const newer = released
    .flatMap((each) => parsed(each) ?? [])
    .filter((each) => !each.isPreRelease && compared(each, { numbers, isPreRelease }) > 0);
  const [major, minor] = numbers;
  const inMajor = newer.filter((each) => each.numbers[0] === major);
  const tags = [version];
  if (!inMajor.some((each) => each.numbers[1] === minor)) tags.push(`${major}.${minor}`);
  if (major > 0 && inMajor.length === 0) tags.push(String(major));
  if (newer.length === 0) tags.push("latest");
  return tags;
}

/**
 * The tag that npm has to be given: `next` for a pre-release, which npm refuses without one. Undefined: none, so that it
 * becomes `latest`; given by name npm would let an older line take that back, which it refuses by itself.
 *
 * @throws Error where this is no version.
 */
export function npmTag(version: string): "next" | undefined {
  return versionOf(version).isPreRelease ? "next" : undefined;
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
