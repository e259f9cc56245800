import type { Session } from "../session/session.ts";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

interface Discovery {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly { readonly resource: string; readonly verbs?: readonly string[] }[];
    }[];
  }[];
}

/** What KRM watches where nothing else is said, in its order. */
const USUAL = [
  "v1/pods",
  "apps/v1/deployments",
  "v1/persistentvolumeclaims",
  "v1/services",
  "networking.k8s.io/v1/ingresses",
  "v1/nodes",
];

/**
 * What is watched (`v1/pods`), for whom the server's status is not for: discovery is for everybody who is known. Where that
 * is the API server's own, and so tells of more than is watched, it is the usual six.
 */
export async function knownResources(session: Session, signal: AbortSignal): Promise<readonly string[]> {
  const answers = await Promise.all(
    ["/api", "/apis"].map(async (path) => session.get(path, { accept: AGGREGATED, signal })),
  );
  if (answers.some(({ forwarded }) => forwarded)) return USUAL;
  const known = answers.flatMap(({ text }) => resourcesOf(JSON.parse(text) as Discovery));
  return [...USUAL.filter((each) => known.includes(each)), ...known.filter((each) => !USUAL.includes(each))];
}

function resourcesOf({ items = [] }: Discovery): readonly string[] {
  return items.flatMap(({ metadata, versions = [] }) =>
    versions.flatMap(({ version, resources = [] }) =>
      resources
        .filter(({ verbs = [] }) => verbs.includes("watch"))
        .map(({ resource }) => [metadata?.name ?? "", version, resource].filter((part) => part !== "").join("/")),
    ),
  );
}
