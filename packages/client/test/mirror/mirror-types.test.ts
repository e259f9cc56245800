import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import type { EventEmitter } from "eventemitter3";
import { expectTypeOf, test } from "vitest";
import {
  type KubernetesJson,
  KrmClient,
  type Mirror,
  type MirrorDeletion,
  type MirrorEvents,
  type MirrorFreshness,
  type ViewState,
} from "../../src/index.ts";

interface Named {
  readonly metadata: { readonly name: string };
}

/** Never called: its types are what is looked at. */
const make = () => {
  const client = new KrmClient({ url: "http://krm.invalid" });
  return {
    pods: client.mirror("pods"),
    deployments: client.mirror("deployments", { namespace: "a" }),
    json: client.mirror("pods", { as: "json" }),
    named: client.mirror<Named>("pods", { as: "json" }),
    custom: client.mirror<Named>("apps/v1/statefulsets"),
    handle: client.resource<Named>("apps/v1/statefulsets").mirror({ namespace: "a" }),
    // @ts-expect-error: a typing error in the name of a kind is found by the compiler
    wrong: client.mirror("podz"),
    // @ts-expect-error: others come as JSON only
    typed: client.mirror("apps/v1/statefulsets", { as: "kubernetes" }),
    // @ts-expect-error: a mirror holds all that there is
    later: client.mirror("pods", { resourceVersion: "7" }),
  };
};

test("a mirror holds what its resource is", () => {
  type Made = ReturnType<typeof make>;
  expectTypeOf<Made["pods"]>().toEqualTypeOf<Mirror<V1Pod>>();
  expectTypeOf<Made["deployments"]>().toEqualTypeOf<Mirror<V1Deployment>>();
  expectTypeOf<Made["json"]>().toEqualTypeOf<Mirror<KubernetesJson<V1Pod>>>();
  expectTypeOf<Made["handle"]>().toEqualTypeOf<Mirror<Named>>();
  expectTypeOf<Made["named"]>().toEqualTypeOf<Mirror<Named>>();
  expectTypeOf<Made["custom"]>().toEqualTypeOf<Mirror<Named>>();
});

test("lookups, waits and events have its type", () => {
  type Pods = Mirror<V1Pod>;
  expectTypeOf<Pods["get"]>().returns.toEqualTypeOf<V1Pod | undefined>();
  expectTypeOf<Pods["list"]>().returns.toEqualTypeOf<V1Pod[]>();
  expectTypeOf<Pods>().toExtend<Iterable<V1Pod>>();
  expectTypeOf<Pods>().toExtend<AsyncDisposable>();
  expectTypeOf<Pods["freshness"]>().toEqualTypeOf<MirrorFreshness>();
  expectTypeOf<MirrorFreshness["state"]>().toEqualTypeOf<ViewState>();
  expectTypeOf<Pods["events"]>().toEqualTypeOf<EventEmitter<MirrorEvents<V1Pod>>>();
  expectTypeOf<MirrorEvents<V1Pod>["update"]>().toEqualTypeOf<[object: V1Pod, previous: V1Pod]>();
  expectTypeOf<MirrorEvents<V1Pod>["delete"]>().toEqualTypeOf<[object: V1Pod, how: MirrorDeletion]>();
  const waits = (pods: Pods) => ({
    found: pods.waitFor((mirror) => mirror.get("a", "b")),
    met: pods.waitFor(({ size }) => size > 3),
    one: pods.waitForObject({ name: "a" }, (pod) => pod?.status?.phase === "Running"),
    there: pods.waitForObject({ name: "a" }, (pod): pod is V1Pod => pod !== undefined),
  });
  type Waits = ReturnType<typeof waits>;
  expectTypeOf<Waits["found"]>().toEqualTypeOf<Promise<V1Pod>>();
  expectTypeOf<Waits["met"]>().toEqualTypeOf<Promise<true>>();
  expectTypeOf<Waits["one"]>().toEqualTypeOf<Promise<V1Pod | undefined>>();
  expectTypeOf<Waits["there"]>().toEqualTypeOf<Promise<V1Pod>>();
});

test("a listener is told what its event tells", () => {
  const listen = ({ events }: Mirror<V1Pod>): void => {
    events.on("add", (pod) => expectTypeOf(pod).toEqualTypeOf<V1Pod>());
    events.on("stale", (freshness) => expectTypeOf(freshness).toEqualTypeOf<MirrorFreshness>());
    // @ts-expect-error: there is no such event
    events.on("change", () => {});
  };
  expectTypeOf(listen).returns.toBeVoid();
});
