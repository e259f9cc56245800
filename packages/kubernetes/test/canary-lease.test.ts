import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LEASES, objectKey, type RenewedLease } from "@krm/core";
import { DEFAULT_USERS, ManualClock, SimApiServer, SimCluster, type SimUser } from "@krm/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { KubernetesCanaryLease, KubernetesSource, loadKubeConfig } from "../src/index.ts";
import { failure } from "./support/test-server.ts";

const NAMESPACE = "default";
const NAME = "krm-canary";
const AT = Date.parse("2026-01-01T00:00:00.250Z");

const PATCH = {
  verbs: ["patch"],
  apiGroups: ["coordination.k8s.io"],
  resources: ["leases"],
  resourceNames: [NAME],
  namespaces: [NAMESPACE],
};
const CREATE = { verbs: ["create"], apiGroups: PATCH.apiGroups, resources: PATCH.resources, namespaces: [NAMESPACE] };

/** `canary` has the rights that the documentation names; `renewer` those of a Lease that is there already. */
const USERS: readonly SimUser[] = [
  ...DEFAULT_USERS,
  { name: "canary", token: "canary-token", rules: [PATCH, CREATE] },
  { name: "renewer", token: "renewer-token", rules: [PATCH] },
];

const cluster = new SimCluster({ clock: new ManualClock() });
const server = new SimApiServer({ cluster, users: USERS });
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "krm-canary-"));
  await server.listen();
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  if (cluster.get(LEASES, NAMESPACE, NAME) !== undefined) cluster.delete(LEASES, NAMESPACE, NAME);
});

function sourceOf(user: string): KubernetesSource {
  const file = join(folder, user);
  writeFileSync(file, server.kubeconfig({ user }));
  return new KubernetesSource({ kubeConfig: loadKubeConfig({ file }) });
}

function leaseOf(source: KubernetesSource): KubernetesCanaryLease {
  return new KubernetesCanaryLease(source, { namespace: NAMESPACE, name: NAME, holder: "here" });
}

/** What the cluster holds of it, as an answer must say. */
function held(created: boolean): RenewedLease {
  const { uid, resourceVersion } = cluster.get(LEASES, NAMESPACE, NAME)?.metadata ?? {};
  return { uid, resourceVersion, created } as RenewedLease;
}

function createElsewhere(): void {
  cluster.create(LEASES, { metadata: { name: NAME, namespace: NAMESPACE }, spec: { holderIdentity: "other" } });
}

describe("the canary's Lease, over TLS", () => {
  it("is created where it is missing, and renewed from then on", async () => {
    await using source = sourceOf("canary");
    const lease = leaseOf(source);
    expect(lease.key).toBe(objectKey(NAMESPACE, NAME));
    const created = await lease.renew(AT);
    expect(created).toEqual(held(true));
    const spec = { holderIdentity: "krm-canary:here", renewTime: "2026-01-01T00:00:00.250000Z" };
    expect(cluster.get(LEASES, NAMESPACE, NAME)).toMatchObject({ spec });
    const renewed = await lease.renew(AT + 10_000);
    expect(renewed).toEqual(held(false));
    expect(renewed.uid).toBe(created.uid);
    expect(renewed.resourceVersion).not.toBe(created.resourceVersion);
    expect(cluster.get(LEASES, NAMESPACE, NAME)).toMatchObject({ spec: { renewTime: "2026-01-01T00:00:10.250000Z" } });
  });

  it("keeps its version when it is renewed at the same time again", async () => {
    await using source = sourceOf("canary");
    const lease = leaseOf(source);
    const { uid, resourceVersion } = await lease.renew(AT);
    expect(await lease.renew(AT)).toEqual({ uid, resourceVersion, created: false });
  });

  it("is created anew after somebody has deleted it", async () => {
    await using source = sourceOf("canary");
    const lease = leaseOf(source);
    const first = await lease.renew(AT);
    cluster.delete(LEASES, NAMESPACE, NAME);
    const second = await lease.renew(AT + 10_000);
    expect(second).toEqual(held(true));
    expect(second.uid).not.toBe(first.uid);
  });

  it("is renewed where somebody else was quicker to create it", async () => {
    await using source = sourceOf("canary");
    const { transport } = source;
    const read = transport.read.bind(transport);
    const methods: (string | undefined)[] = [];
    transport.read = async (request) => {
      methods.push(request.write?.method);
      if (request.write?.method === "POST") createElsewhere();
      return read(request);
    };
    expect(await leaseOf(source).renew(AT)).toEqual(held(false));
    expect(methods).toEqual(["PATCH", "POST", "PATCH"]);
    expect(cluster.get(LEASES, NAMESPACE, NAME)).toMatchObject({ spec: { holderIdentity: "krm-canary:here" } });
  });

  it("is refused by name where the rights are missing", async () => {
    await using viewer = sourceOf("viewer");
    const patch = await failure(leaseOf(viewer).renew(AT));
    expect(patch).toMatchObject({
      code: "KRM_API_STATUS",
      status: { code: 403, reason: "Forbidden" },
      message: expect.stringContaining(
        'User "viewer" cannot patch resource "leases" in API group "coordination.k8s.io"',
      ),
    });

    await using renewer = sourceOf("renewer");
    const create = await failure(leaseOf(renewer).renew(AT));
    expect(create).toMatchObject({
      status: { code: 403 },
      message: expect.stringContaining('User "renewer" cannot create resource "leases"'),
    });
    createElsewhere();
    expect(await leaseOf(renewer).renew(AT)).toEqual(held(false));
  });

  it("is given up with its signal", async () => {
    await using source = sourceOf("canary");
    const reason = new Error("enough");
    await expect(leaseOf(source).renew(AT, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(cluster.get(LEASES, NAMESPACE, NAME)).toBeUndefined();
  });
});
