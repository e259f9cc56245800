import { describe, expect, it } from "vitest";
import { wantedBy } from "../src/commands/get/wanted.ts";

describe("the arguments of krm get", () => {
  it.each([
    ["pods", undefined, "pods", undefined],
    ["po", "web-1", "po", "web-1"],
    ["pod/web-1", undefined, "pods", "web-1"],
    ["Pod", undefined, "pods", undefined],
    ["deployment.apps/web", undefined, "deployments.apps", "web"],
    ["Deployment", "web", "deployments", "web"],
    ["ingress.networking.k8s.io", undefined, "ingresses.networking.k8s.io", undefined],
    ["deployment.example.com", undefined, "deployment.example.com", undefined],
    ["widget", undefined, "widget", undefined],
    ["apps/v1/deployments", undefined, "apps/v1/deployments", undefined],
  ])("%s %s", (argument, name, resource, object) => {
    expect(wantedBy(argument, name)).toEqual({ resource, name: object });
  });
});
