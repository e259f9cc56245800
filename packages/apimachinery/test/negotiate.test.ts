import * as fc from "fast-check";
import { expect, test } from "vitest";
import { negotiate, type NegotiateOptions } from "../src/index.ts";
import { refusalOf } from "./refusal-of.ts";
import { SEED } from "./seed.ts";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

test.for<[accept: string | undefined, type: string, options?: NegotiateOptions]>([
  [undefined, "json"],
  ["", "json"],
  ["*/*", "json"],
  ["application/*", "json"],
  ["application/json", "json"],
  ["application/yaml", "yaml"],
  ["application/vnd.kubernetes.protobuf,application/json", "json"],
  ["text/html;q=1, application/yaml;q=0.5, application/json;q=0.9", "json"],
  ["*/*, application/yaml", "yaml"],
  ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "table"],
  ["application/json;as=Table;v=v9;g=meta.k8s.io,application/json", "json"],
  ["application/yaml;as=Table;v=v1;g=meta.k8s.io,application/json", "json"],
  ["application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "partial-object-metadata"],
  ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "partial-object-metadata-list"],
  ["application/json;stream=watch", "json"],
  [`${AGGREGATED},application/json`, "json"],
  [`${AGGREGATED},application/json`, "api-group-discovery-list", { endpoint: "discovery" }],
  [
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
    "json",
    { endpoint: "discovery" },
  ],
  [
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
    "api-group-discovery-list",
    { endpoint: "discovery", betaDiscovery: true },
  ],
  [
    "application/json;g=apidiscovery.k8s.io;v=v1;as=APIGroupDiscoveryList,application/json",
    "json",
    { endpoint: "discovery", betaDiscovery: true },
  ],
  ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "json", { endpoint: "plain" }],
  ["application/yaml,application/json", "json", { stream: true }],
])("%j gives %s", ([accept, type, options]) => {
  expect(negotiate(accept, options).type).toBe(type);
});

test("the version asked for comes with it", () => {
  expect(negotiate("application/json;as=Table;v=v1beta1;g=meta.k8s.io")).toEqual({ type: "table", version: "v1beta1" });
});

test("aggregated discovery comes in the version that is asked for first", () => {
  const both = ["v2beta1", "v2"].map((v) => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`);
  const options = { endpoint: "discovery" } as const;
  expect(negotiate(both.join(), options)).toEqual({ type: "api-group-discovery-list", version: "v2" });
  expect(negotiate(both.join(), { ...options, betaDiscovery: true })).toMatchObject({ version: "v2beta1" });
});

test.for([
  "text/html",
  "application/json;stream=other",
  "application/json;q=0",
  "application/json;as=Nonsense;g=meta.k8s.io;v=v1",
])("%j is not acceptable", (accept) => {
  expect(() => negotiate(accept)).toThrow(/^406: Not Acceptable/u);
});

test("any header gives a representation, or a 406", () => {
  const piece = fc.constantFrom(
    "application",
    "json",
    "yaml",
    "*",
    "/",
    ";",
    ",",
    "=",
    "q",
    "as",
    "Table",
    "v1",
    "0.5",
    " ",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((parts) => parts.join("")),
      ),
      (accept) => {
        const refused = refusalOf(() => expect(negotiate(accept).type).toBeTypeOf("string"));
        expect(refused?.status.code ?? 406).toBe(406);
      },
    ),
    { seed: SEED },
  );
});
