import { describe, expect, it } from "vitest";
import { type KubernetesObject, objectId } from "../../deploy/render/kubernetes-object.ts";
import { HELM, renderChart } from "./support/rendered-chart.ts";
import { strictErrors } from "./support/strict-schema.ts";
import { CASE_NAMES, VALUE_CASES } from "./support/value-cases.ts";

const deployment = (container: object, spec: object = {}): KubernetesObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "a", labels: { any: "thing" } },
  spec: {
    selector: { matchLabels: { any: "thing" } },
    template: { metadata: { labels: { any: "thing" } }, spec: { containers: [{ name: "a", ...container }] } },
    ...spec,
  },
});

describe("the check against Kubernetes' OpenAPI", () => {
  it("takes what is right", async () => {
    const probe = { httpGet: { path: "/livez", port: "http" }, periodSeconds: 2 };
    expect(await strictErrors(deployment({ image: "a", livenessProbe: probe }))).toEqual([]);
  });

  it("finds a field that there is not, at any depth", async () => {
    expect(await strictErrors(deployment({ livenessProbe: { httpget: {} } }))).toEqual([
      "/spec/template/spec/containers/0/livenessProbe/httpget: unknown field",
    ]);
    expect(await strictErrors({ ...deployment({}), spce: 1 })).toEqual(["/spce: unknown field"]);
  });

  it("finds a wrong type and a field that is missing", async () => {
    expect(await strictErrors(deployment({ ports: [{ containerPort: "a" }] }))).toEqual([
      '/spec/template/spec/containers/0/ports/0/containerPort: {"type":"integer"}',
    ]);
    expect(await strictErrors(deployment({}, { selector: undefined }))).toContain(
      '/spec: {"missingProperty":"selector"}',
    );
  });
});

describe.skipIf(HELM === undefined)("every object of the chart", () => {
  it.each(CASE_NAMES)("is what Kubernetes' OpenAPI says, strictly: %s", async (name) => {
    const all = await renderChart(VALUE_CASES[name] ?? {});
    const found = await Promise.all(all.map(async (object) => [objectId(object), await strictErrors(object)] as const));
    expect(found.filter(([, errors]) => errors.length > 0)).toEqual([]);
  });
});
