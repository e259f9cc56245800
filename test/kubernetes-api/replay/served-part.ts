import { DEFAULT_RESOURCES, resourceId } from "@krm/core";
import { isDiscovery } from "../../../packages/testkit/test/golden/discovery.ts";

const SERVED = new Set(DEFAULT_RESOURCES.map((type) => resourceId(type)));
const GROUPS = new Set(DEFAULT_RESOURCES.map(({ group }) => group));
/** What can be done with them. */
export const VERBS = ["get", "list", "watch"];

interface Named {
  readonly verbs: readonly string[];
}

/** A recorded body as a server has to answer it that serves the six kinds, to be read only; any other body as it is. */
export function servedPart(body: unknown): unknown {
  if (!isDiscovery(body)) return body;
  switch (body.kind) {
    case "APIGroupList":
      return { ...body, groups: body.groups.filter(({ name }) => GROUPS.has(name)) };
    case "APIResourceList": {
      const kept = body.resources.filter(({ name }) => SERVED.has(`${body.groupVersion}/${name}`));
      return { ...body, resources: kept.map((each) => readOnly(each as unknown as Named)) };
    }
    case "APIGroupDiscoveryList":
      return {
        ...body,
        items: body.items
          .filter(({ metadata: { name = "" } }) => GROUPS.has(name))
          .map(({ metadata, versions }) => ({
            metadata,
            versions: versions.map(({ version, resources, ...rest }) => ({
              version,
              resources: resources
                .filter(({ resource }) => SERVED.has(resourceId({ group: metadata.name ?? "", version, resource })))
                .map(({ subresources: _subresources, ...each }) => readOnly(each as unknown as Named)),
              ...rest,
            })),
          })),
      };
  }
}

function readOnly<T extends Named>(resource: T): T {
  return { ...resource, verbs: resource.verbs.filter((verb) => VERBS.includes(verb)) };
}
