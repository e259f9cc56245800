import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import { expectTypeOf, test } from "vitest";
import { type KubernetesJson, KrmClient, type WatchEvent } from "../../src/index.ts";

const client = new KrmClient({ url: "http://krm.invalid" });

test("the types of a watch say what it tells", () => {
  expectTypeOf(client.watch("pods")).toEqualTypeOf<AsyncIterable<WatchEvent<V1Pod>>>();
  expectTypeOf(client.watch("deployments", { namespace: "a" })).toEqualTypeOf<
    AsyncIterable<WatchEvent<V1Deployment>>
  >();
  expectTypeOf(client.watch("pods", { as: "json" })).toEqualTypeOf<AsyncIterable<WatchEvent<KubernetesJson<V1Pod>>>>();
  expectTypeOf(client.watch<{ spec: string }>("pods", { as: "json" })).toEqualTypeOf<
    AsyncIterable<WatchEvent<{ spec: string }>>
  >();
  expectTypeOf(client.watch<{ spec: string }>("apps/v1/statefulsets")).toEqualTypeOf<
    AsyncIterable<WatchEvent<{ spec: string }>>
  >();
});

test("an event is told apart by its type", () => {
  const look = (event: WatchEvent<V1Pod>): string => {
    switch (event.type) {
      case "reset":
        return event.reason;
      case "synced":
        return event.freshness.state;
      case "bookmark":
        return event.resourceVersion;
      default:
        expectTypeOf(event.type).toEqualTypeOf<"added" | "modified" | "deleted">();
        return event.object.metadata?.name ?? "";
    }
  };
  expectTypeOf(look).returns.toEqualTypeOf<string>();
});

test("a resource that is neither known nor written out is no type", () => {
  // @ts-expect-error: a typing error in the name of a kind is found by the compiler
  const wrong = (): unknown => client.watch("podz");
  // @ts-expect-error: others come as JSON only
  const typed = (): unknown => client.watch("apps/v1/statefulsets", { as: "kubernetes" });
  expectTypeOf(wrong).returns.toBeUnknown();
  expectTypeOf(typed).returns.toBeUnknown();
});
