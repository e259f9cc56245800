/**
 * What a real API server serves and the simulated one does not: groups with their version, resources, subresources. The
 * same list stands in the README.
 */
export const NOT_SERVED: ReadonlySet<string> = new Set([
  // Groups.
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  // The core group.
  "v1/bindings",
  "v1/componentstatuses",
  "v1/endpoints",
  "v1/limitranges",
  "v1/namespaces/finalize",
  "v1/nodes/proxy",
  "v1/persistentvolumes",
  "v1/pods/attach",
  "v1/pods/binding",
  "v1/pods/ephemeralcontainers",
  "v1/pods/eviction",
  "v1/pods/exec",
  "v1/pods/log",
  "v1/pods/portforward",
  "v1/pods/proxy",
  "v1/pods/resize",
  "v1/podtemplates",
  "v1/replicationcontrollers",
  "v1/resourcequotas",
  "v1/serviceaccounts/token",
  "v1/services/proxy",
  // Others.
  "apps/v1/controllerrevisions",
  "apps/v1/daemonsets",
  "apps/v1/statefulsets",
  "networking.k8s.io/v1/ingressclasses",
  "networking.k8s.io/v1/ipaddresses",
  "networking.k8s.io/v1/networkpolicies",
  "networking.k8s.io/v1/servicecidrs",
]);

/** What only the simulated one serves: its example of a custom resource. */
const NOT_RECORDED: ReadonlySet<string> = new Set(["example.krm.dev"]);

interface Named {
  readonly name: string;
}
interface Discovered {
  readonly resource: string;
  readonly subresources?: readonly { readonly subresource: string }[];
}
interface DiscoveredGroup {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly { readonly version: string; readonly resources: readonly Discovered[] }[];
}
type Document =
  | { readonly kind: "APIGroupList"; readonly groups: readonly Named[] }
  | { readonly kind: "APIResourceList"; readonly groupVersion: string; readonly resources: readonly Named[] }
  | { readonly kind: "APIGroupDiscoveryList"; readonly items: readonly DiscoveredGroup[] };

/** Tells whether a body is a list of groups or resources. */
export function isDiscovery(body: unknown): body is Document {
  const kind = typeof body === "object" && body !== null && "kind" in body ? String(body.kind) : "";
  return ["APIGroupList", "APIResourceList", "APIGroupDiscoveryList"].includes(kind);
}

/** A recorded body without what is not served; any other body as it is. */
export function servedOf(body: unknown): unknown {
  return isDiscovery(body) ? filtered(body, (id) => !NOT_SERVED.has(id)) : body;
}

/** A replayed body without what was not recorded: of the lists of groups, some were cut. */
export function recordedOf(body: unknown, recorded: unknown): unknown {
  if (!isDiscovery(body) || !isDiscovery(recorded)) return body;
  const groups = recorded.kind === "APIGroupDiscoveryList" ? recorded.items.map(groupName) : undefined;
  return filtered(body, (id) => !NOT_RECORDED.has(id) && (id.includes("/") || (groups?.includes(id) ?? true)));
}

function filtered(body: Document, keeps: (id: string) => boolean): Document {
  switch (body.kind) {
    case "APIGroupList":
      return { ...body, groups: body.groups.filter(({ name }) => keeps(name)) };
    case "APIResourceList": {
      const own = ({ name }: Named): string => `${body.groupVersion}/${name}`;
      const resources = body.resources.filter((each) => keeps(own(each)) && keeps(parent(own(each))));
      return { ...body, resources };
    }
    case "APIGroupDiscoveryList":
      return {
        ...body,
        items: body.items
          .filter((group) => keeps(groupName(group)))
          .map((group) => ({
            ...group,
            versions: group.versions.map((version) => ({
              ...version,
              resources: discoveredResources(groupName(group), version, keeps),
            })),
          })),
      };
  }
}

function discoveredResources(
  group: string,
  { resources, version }: DiscoveredGroup["versions"][number],
  keeps: (id: string) => boolean,
): Discovered[] {
  const prefix = group === "" ? version : `${group}/${version}`;
  return resources
    .filter(({ resource }) => keeps(`${prefix}/${resource}`))
    .map(({ subresources, ...resource }) => {
      const kept = subresources?.filter((each) => keeps(`${prefix}/${resource.resource}/${each.subresource}`)) ?? [];
      return kept.length === 0 ? resource : { ...resource, subresources: kept };
    });
}

function groupName(group: DiscoveredGroup): string {
  return group.metadata.name ?? "";
}

/** `apps/v1/daemonsets` of `apps/v1/daemonsets/status`; what has no subresource stays. */
function parent(id: string): string {
  return id.replace(/^((?:[^/]+\/)?v1\/[^/]+)\/.*$/, "$1");
}
