import type { V1Deployment, V1Ingress, V1Node, V1Pod, V1PodList } from "@kubernetes/client-node";
import { expectTypeOf, test } from "vitest";
import {
  type Fresh,
  type FreshBytes,
  type FreshObject,
  type KubernetesJson,
  KrmClient,
  type ListBody,
  type ResourceHandle,
  type WatchEvent,
} from "../src/index.ts";

const client = new KrmClient({ url: "http://krm.invalid" });

interface Widget {
  readonly spec: { readonly size: number };
}

test("a kind comes as client-node's, unless another form is asked for", () => {
  expectTypeOf(() => client.getPods()).returns.resolves.toEqualTypeOf<Fresh<V1PodList>>();
  expectTypeOf(() => client.getPods({ namespace: "a" })).returns.resolves.toEqualTypeOf<Fresh<V1PodList>>();
  expectTypeOf(() => client.getPods({ as: "json" })).returns.resolves.toEqualTypeOf<
    Fresh<ListBody<KubernetesJson<V1Pod>>>
  >();
  expectTypeOf(() => client.getPods<Widget>({ as: "json" })).returns.resolves.toEqualTypeOf<Fresh<ListBody<Widget>>>();
  expectTypeOf(() => client.getPods({ as: "bytes" })).returns.resolves.toEqualTypeOf<FreshBytes>();
  expectTypeOf(() => client.getIngress({ name: "a" })).returns.resolves.toEqualTypeOf<FreshObject<V1Ingress>>();
  expectTypeOf(() => client.getNode({ name: "a", as: "json" })).returns.resolves.toEqualTypeOf<
    FreshObject<KubernetesJson<V1Node>>
  >();
  expectTypeOf(() => client.getNode({ name: "a", as: "bytes" })).returns.resolves.toEqualTypeOf<FreshBytes>();
});

test("times are text in JSON, and fields have Kubernetes' names", () => {
  type Json = KubernetesJson<V1Pod>;
  expectTypeOf<NonNullable<Json["metadata"]>["creationTimestamp"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<NonNullable<Json["spec"]>["containers"][number]["name"]>().toEqualTypeOf<string>();
  expectTypeOf<KubernetesJson<V1PodList>>().toHaveProperty("items");
  expectTypeOf<NonNullable<KubernetesJson<V1PodList>["metadata"]>>().toHaveProperty("continue");
  expectTypeOf<NonNullable<KubernetesJson<V1PodList>["metadata"]>>().not.toHaveProperty("_continue");
});

test("any resource comes as JSON of the type that is said", () => {
  expectTypeOf(() => client.list("po")).returns.resolves.toEqualTypeOf<Fresh<ListBody>>();
  expectTypeOf(() => client.list<Widget>("widgets")).returns.resolves.toEqualTypeOf<Fresh<ListBody<Widget>>>();
  expectTypeOf(() => client.list("po", { as: "bytes" })).returns.resolves.toEqualTypeOf<FreshBytes>();
  expectTypeOf(() => client.get<Widget>("widgets", { name: "a" })).returns.resolves.toEqualTypeOf<
    FreshObject<Widget>
  >();
  expectTypeOf(() => client.get("v1/pods", { name: "a", as: "bytes" })).returns.resolves.toEqualTypeOf<FreshBytes>();
  // @ts-expect-error: a short name does not say the version, which bytes of an object need
  const short = (): unknown => client.get("po", { name: "a", as: "bytes" });
  // @ts-expect-error: what is not known by a class of its own has no objects of client-node
  const typed = (): unknown => client.list("po", { as: "kubernetes" });
  expectTypeOf(short).returns.toBeUnknown();
  expectTypeOf(typed).returns.toBeUnknown();
});

test("a handle knows the six kinds by their path, and is told of all others", () => {
  const deployments = client.resource("apps/v1/deployments");
  expectTypeOf(deployments).toEqualTypeOf<ResourceHandle<KubernetesJson<V1Deployment>>>();
  const widgets = client.resource<Widget>("example.com/v1/widgets");
  expectTypeOf(() => widgets.list({ limit: 5 })).returns.resolves.toEqualTypeOf<Fresh<ListBody<Widget>>>();
  expectTypeOf(() => widgets.list({ as: "bytes" })).returns.resolves.toEqualTypeOf<FreshBytes>();
  expectTypeOf(() => widgets.get({ name: "a" })).returns.resolves.toEqualTypeOf<FreshObject<Widget>>();
  expectTypeOf(() => widgets.watch()).returns.toEqualTypeOf<AsyncIterable<WatchEvent<Widget>>>();
  expectTypeOf(client.resource("example.com/v1/widgets")).toEqualTypeOf<ResourceHandle<unknown>>();
  // @ts-expect-error: a handle is for one version
  const unversioned = (): unknown => client.resource("deployments");
  expectTypeOf(unversioned).returns.toBeUnknown();
});
