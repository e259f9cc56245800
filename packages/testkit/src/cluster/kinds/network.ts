import { orderMembers } from "../json-value.ts";
import { isJsonObject, type JsonObject, listAt, objectAt } from "../sim-object.ts";
import type { KindRules } from "./kind-rules.ts";

const SERVICE_SPEC_ORDER = [
  "ports",
  "selector",
  "clusterIP",
  "clusterIPs",
  "type",
  "externalIPs",
  "sessionAffinity",
  "loadBalancerIP",
  "loadBalancerSourceRanges",
  "externalName",
  "externalTrafficPolicy",
  "healthCheckNodePort",
  "publishNotReadyAddresses",
  "sessionAffinityConfig",
  "ipFamilies",
  "ipFamilyPolicy",
  "allocateLoadBalancerNodePorts",
  "loadBalancerClass",
  "internalTrafficPolicy",
];

/** Services: defaults, and addresses and ports that the server hands out. */
export const serviceRules: KindRules = {
  generation: false,
  defaults(draft) {
    const spec: JsonObject = { type: "ClusterIP", sessionAffinity: "None", ...objectAt(draft, "spec") };
    if (spec["type"] !== "ExternalName") spec["internalTrafficPolicy"] ??= "Cluster";
    if (exposesNodePorts(spec)) spec["externalTrafficPolicy"] ??= "Cluster";
    if (spec["type"] === "LoadBalancer") spec["allocateLoadBalancerNodePorts"] ??= true;
    if (Array.isArray(spec["ports"])) spec["ports"] = spec["ports"].map(portWithDefaults);
    draft["spec"] = orderMembers(spec, SERVICE_SPEC_ORDER);
  },
  create(draft, context) {
    const spec = objectAt(draft, "spec");
    if (spec["type"] !== "ExternalName") {
      spec["clusterIP"] ??= context.clusterIp();
      spec["clusterIPs"] ??= [spec["clusterIP"]];
      spec["ipFamilies"] ??= ["IPv4"];
      spec["ipFamilyPolicy"] ??= "SingleStack";
    }
    if (exposesNodePorts(spec)) {
      for (const port of listAt(spec, "ports")) if (isJsonObject(port)) port["nodePort"] ??= context.nodePort();
    }
    draft["spec"] = orderMembers(spec, SERVICE_SPEC_ORDER);
    draft["status"] = { loadBalancer: {} };
  },
};

/** Ingresses. */
export const ingressRules: KindRules = {
  generation: true,
  create(draft) {
    draft["status"] = { loadBalancer: {} };
  },
};

function exposesNodePorts(spec: JsonObject): boolean {
  return spec["type"] === "NodePort" || spec["type"] === "LoadBalancer";
}

function portWithDefaults(port: unknown): unknown {
  if (!isJsonObject(port)) return port;
  return orderMembers(
    { ...port, protocol: port["protocol"] ?? "TCP", targetPort: port["targetPort"] ?? port["port"] },
    ["name", "protocol", "appProtocol", "port", "targetPort", "nodePort"],
  );
}
