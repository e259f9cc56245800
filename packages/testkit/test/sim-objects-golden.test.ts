import { apiVersionOf, NODES, PODS, resourceId } from "@krm/core";
import { describe, expect, it } from "vitest";
import {
  type JsonObject,
  ManualClock,
  SimCluster,
  type SimObject,
  SIM_RESOURCES,
  type SimResource,
} from "@krm/testkit";
import { type Exchange, loadScenarios, type Scenario } from "./golden/scenario.ts";

/** What the server sets on its own account, so that a writer does not send it. */
const SET_BY_SERVER: Readonly<Record<string, readonly string[]>> = {
  Pod: ["priority", "preemptionPolicy"],
  Service: ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"],
  Node: ["taints"],
};

const scenario = (name: string): Scenario => {
  const found = loadScenarios().find((each) => each.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
};

/** The objects behind the recorded Tables: whole ones, as lists hold them, with the resource that they are of. */
function recordedObjects(): { resource: SimResource; object: SimObject }[] {
  let path = "";
  return scenario("10-tables").steps.flatMap((step) => {
    if (!("objects" in step)) {
      path = step.request.path;
      return [];
    }
    const plural = path.split("/").at(-1)?.split("?")[0];
    const resource = SIM_RESOURCES.find((each) => each.resource === plural) as SimResource;
    return (step.objects as SimObject[]).map((object) => ({ resource, object }));
  });
}

/** What is another on each day: replaced, so that the rest can be compared byte by byte. */
function normalised(object: SimObject): string {
  return JSON.stringify(object, (name, value: unknown) => {
    if (["uid", "resourceVersion", "creationTimestamp", "time"].includes(name)) return "*";
    if (name === "clusterIP" || name === "clusterIPs" || name === "nodePort") return "*";
    return value;
  });
}

function rewritten(cluster: SimCluster, resource: SimResource, recorded: SimObject): SimObject {
  const { name, namespace, annotations = {} } = recorded.metadata;
  const zone = "topology.kubernetes.io/zone";
  const labels = Object.entries(recorded.metadata.labels ?? {}).filter(
    ([label]) => resource.kind !== "Pod" || label !== zone,
  );
  const spec: JsonObject = { ...(recorded["spec"] as JsonObject) };
  for (const member of SET_BY_SERVER[resource.kind] ?? []) delete spec[member];
  if (resource.kind === "Service") {
    spec["ports"] = (spec["ports"] as JsonObject[]).map((port) =>
      Object.fromEntries(Object.entries(port).filter(([member]) => member !== "nodePort")),
    );
  }
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: Object.fromEntries(labels),
    annotations,
  };
  cluster.create(resource, { metadata, spec }, { manager: "recorder" });
  const write = { manager: "recorder", subresource: "status" } as const;
  return cluster.patch(resource, namespace, name, { status: recorded["status"] }, undefined, write);
}

describe("objects written as they were to a recorded kube-apiserver", () => {
  const cluster = new SimCluster({ clock: new ManualClock() });
  for (const name of ["team-0", "team-1", "team-2", "rec"]) {
    cluster.create(SIM_RESOURCES.find(({ kind }) => kind === "Namespace") as SimResource, { metadata: { name } });
  }
  const recorded = recordedObjects();
  // Nodes first: pods take their labels.
  const ordered = recorded.toSorted((a, b) => Number(b.resource.kind === "Node") - Number(a.resource.kind === "Node"));

  it("covers the six kinds", () => {
    expect(new Set(recorded.map(({ resource }) => resourceId(resource))).size).toBe(6);
  });

  it.each(
    ordered.map(({ resource, object }) => [`${resource.resource}/${object.metadata.name}`, resource, object] as const),
  )("%s comes out the same, byte by byte, managedFields and the order of members included", (_, resource, object) => {
    const written = rewritten(cluster, resource, object);
    const whole = { kind: resource.kind, apiVersion: apiVersionOf(resource), ...(object as JsonObject) } as SimObject;
    expect(normalised(written)).toBe(normalised(whole));
  });
});

describe("the recorded life of a pod", () => {
  it("goes through the same states", async () => {
    const clock = new ManualClock({ now: Date.parse("2026-11-23T06:14:00Z") });
    const cluster = new SimCluster({ clock });
    const resource = SIM_RESOURCES.find(({ kind }) => kind === "Namespace") as SimResource;
    cluster.create(resource, { metadata: { name: "rec" } });
    cluster.create(NODES, { metadata: { name: "node-900", labels: { "topology.kubernetes.io/zone": "zone-0" } } });
    const start = cluster.version;
    const steps = scenario("05-watch-lifecycle").steps as Exchange[];
    const write = { manager: "recorder" };
    for (const { request } of steps) {
      const [, name = "", subresource] = request.path.split("/pods")[1]?.split("/") ?? [];
      const body = request.body as JsonObject | undefined;
      if (!request.path.includes("/pods") || request.method === "GET") continue;
      if (request.method === "POST") cluster.create(PODS, body as JsonObject, write);
      else if (request.method === "PATCH") {
        const to = subresource === "status" ? ({ subresource } as const) : {};
        cluster.patch(PODS, "rec", name, body, request.headers?.["content-type"], { ...write, ...to });
      } else if (body === undefined) cluster.delete(PODS, "rec", name);
      else {
        await clock.advance(1000);
        cluster.delete(PODS, "rec", name, { gracePeriodSeconds: Number(body["gracePeriodSeconds"]) });
      }
    }
    const watch = steps.find(({ request }) => request.path.includes("pods?watch"));
    const told = (watch?.response.stream ?? []) as { type: string; object: SimObject }[];
    const changes = cluster.eventsAfter(PODS, start).map(({ type, object }) => ({ type, object }));
    expect(changes.map((change) => change.type + normalised(change.object))).toEqual(
      told.filter(({ type }) => type !== "BOOKMARK").map((change) => change.type + normalised(change.object)),
    );
  });
});
