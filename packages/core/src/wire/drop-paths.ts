import { KrmError } from "../errors.ts";
import { type MemberPlan, planMembers } from "./member-plan.ts";

/** Paths that are cut out of every object, checked and prepared. Made by {@link compileDropPaths}. */
export interface DropPaths {
  /** As they were given. */
  readonly paths: readonly string[];
  /** @internal */
  readonly plan: MemberPlan;
}

/**
 * What is dropped unless the user chooses otherwise: who wrote which field, and kubectl's own copy of the manifest.
 * Readers of a cache want neither, and together they are often half of an object.
 */
export const DEFAULT_DROP_PATHS: readonly string[] = [
  "metadata.managedFields",
  'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]',
];

/** Without these an object has no identity or no version. */
const KEPT = new Set(["name", "namespace", "uid", "resourceVersion"]);

const SEGMENT = /\.?([^.[\]"\s]+)|\[("(?:[^"\\]|\\.)*")\]/y;

/**
 * Checks and prepares paths to be cut out of objects. A path names members from the root of an object downwards:
 * `metadata.managedFields`, with `["…"]` (a JSON string) for a name that holds a dot: `metadata.annotations["a.b/c"]`.
 * Where a path leads through something other than an object, nothing is cut; items of arrays cannot be named.
 *
 * Dropping `metadata.labels` also hides the labels from selectors.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT`, naming the path, when it cannot be read or would take an object's identity.
 *
 * @example
 * const drop = compileDropPaths([...DEFAULT_DROP_PATHS, "status.images"]);
 */
export function compileDropPaths(paths: readonly string[]): DropPaths {
  return { paths: [...paths], plan: planMembers(paths.map(parsePath)) };
}

function parsePath(path: string): readonly string[] {
  const segments: string[] = [];
  SEGMENT.lastIndex = 0;
  while (SEGMENT.lastIndex < path.length) {
    const from = SEGMENT.lastIndex;
    const match = SEGMENT.exec(path);
    const dotted = path[from] === ".";
    if (match === null || (match[1] !== undefined && dotted !== from > 0)) {
      const rest = JSON.stringify(path.slice(from));
      throw refused(path, `${rest} is not a member's name; write .name, or ["name"] for one with other signs`);
    }
    segments.push(match[1] ?? unquote(path, match[2] ?? ""));
  }
  const [first, second] = segments;
  if (first === undefined) throw refused(path, "it is empty");
  if (first === "kind" || first === "apiVersion") {
    throw refused(path, "kind and apiVersion are kept apart from the object, and every answer has them");
  }
  if (first === "metadata" && (second === undefined || KEPT.has(second))) {
    throw refused(path, "without it an object has no identity");
  }
  return segments;
}

function unquote(path: string, quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw refused(path, `${quoted} is not a JSON string`);
  }
}

function refused(path: string, why: string): KrmError {
  return new KrmError("KRM_INVALID_ARGUMENT", `path ${JSON.stringify(path)} cannot be dropped: ${why}`);
}
