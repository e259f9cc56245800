import { DEPLOYMENTS, INGRESSES, SERVICES } from "@krm/core";
import { SECRETS, SimApiServer, SimCluster } from "@krm/testkit";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type SimAnswer, SimClient } from "./support/sim-client.ts";

/** What kubectl 1.35 sends for `kubectl create …`: typed clients write protobuf. */
const SENT = {
  // create deployment app --image=nginx:1 --replicas=0 --port=80
  deployment:
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EroBCh8KA2FwcBIAGgAiACoAMgA4AEIAWgoKA2FwcBIDYXBwEogBCAASDAoKCgNh" +
    "cHASA2FwcBpuChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDYXBwEk4SMAoFbmdpbngSB25naW54OjEqADIKCgAQABhQIgAqAEIA" +
    "agByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==",
  // create secret generic s1 --from-literal=p=q
  secret: "azhzAAoMCgJ2MRIGU2VjcmV0Eh4KEgoCczESABoAIgAqADIAOABCABIGCgFwEgFxGgAaACIA",
  // create ingress ing1 --rule="foo.com/bar=svc1:80,tls=my-cert" --class=nginx
  ingress:
    "azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJlChQKBGluZzESABoAIgAqADIAOABCABJJEhIKB2Zvby5jb20S" +
    "B215LWNlcnQaLAoHZm9vLmNvbRIhCh8KHQoEL2JhchIOIgwKBHN2YzESBAoAEFAaBUV4YWN0IgVuZ2lueBoCCgAaACIA",
  // create service clusterip svc1 --tcp=80:http
  service:
    "azhzAAoNCgJ2MRIHU2VydmljZRJvCiEKBHN2YzESABoAIgAqADIAOABCAFoLCgNhcHASBHN2YzESRgoeCgc4MC1odHRwEgNUQ1AY" +
    "UCIKCAEQABoEaHR0cCgAEgsKA2FwcBIEc3ZjMRoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==",
};

let cluster: SimCluster;
let server: SimApiServer;
let client: SimClient;

beforeEach(async () => {
  cluster = new SimCluster();
  server = new SimApiServer({ cluster });
  await server.listen();
  client = new SimClient(server);
});
afterEach(() => server.close());

function post(path: string, body: Buffer): Promise<SimAnswer> {
  const headers = { "content-type": "application/vnd.kubernetes.protobuf", "content-length": String(body.length) };
  return client.call(path, { method: "POST", headers, body });
}

const bytes = (base64: string): Buffer => Buffer.from(base64, "base64");

it("reads a Deployment: a pointer to 0 is 0, what is no pointer is left out", async () => {
  expect((await post("/apis/apps/v1/namespaces/default/deployments", bytes(SENT.deployment))).status).toBe(201);
  const deployment = cluster.get(DEPLOYMENTS, "default", "app");
  expect(deployment).toMatchObject({
    metadata: { labels: { app: "app" } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: "app" } },
      template: { spec: { containers: [{ name: "nginx", image: "nginx:1", ports: [{ containerPort: 80 }] }] } },
    },
  });
  expect(deployment?.["spec"]).not.toHaveProperty("paused");
  expect(deployment?.["spec"]).not.toHaveProperty("template.spec.nodeName");
});

it("reads bytes, inlined members, and what is a number or a string", async () => {
  await post("/api/v1/namespaces/default/secrets", bytes(SENT.secret));
  expect(cluster.get(SECRETS, "default", "s1")).toMatchObject({ data: { p: "cQ==" } });
  await post("/apis/networking.k8s.io/v1/namespaces/default/ingresses", bytes(SENT.ingress));
  expect(cluster.get(INGRESSES, "default", "ing1")).toMatchObject({
    spec: {
      ingressClassName: "nginx",
      tls: [{ hosts: ["foo.com"], secretName: "my-cert" }],
      rules: [
        {
          host: "foo.com",
          http: {
            paths: [{ path: "/bar", pathType: "Exact", backend: { service: { name: "svc1", port: { number: 80 } } } }],
          },
        },
      ],
    },
  });
  await post("/api/v1/namespaces/default/services", bytes(SENT.service));
  expect(cluster.get(SERVICES, "default", "svc1")).toMatchObject({
    spec: { type: "ClusterIP", selector: { app: "svc1" }, ports: [{ name: "80-http", port: 80, targetPort: "http" }] },
  });
});

it("names what it does not understand", async () => {
  const secret = bytes(SENT.secret);
  const told = async (body: Buffer): Promise<string> =>
    (await post("/api/v1/namespaces/default/secrets", body)).json.message;
  expect(await told(Buffer.from("{}"))).toContain("expected prefix [107 56 115 0]");
  expect(await told(secret.subarray(0, -8))).toContain("the protobuf body is cut or damaged");
  expect(await told(Buffer.concat([Buffer.from("k8s\0"), Buffer.from([0x0a, 0x04, 0x12, 0x02, 0x58, 0x59])]))).toBe(
    "the simulated API server does not understand a protobuf body of kind XY: send JSON",
  );
  expect(cluster.list(SECRETS).items).toEqual([]);
});
