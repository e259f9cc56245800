import type { Informer, KubeConfig, makeInformer as theirs, ObjectCache, V1Pod } from "@kubernetes/client-node";
import { expectTypeOf, test } from "vitest";
import type { KrmClient } from "../../src/index.ts";
import { makeInformer } from "../../src/informer/index.ts";

test("it stands in for client-node's own makeInformer", () => {
  expectTypeOf(makeInformer).toExtend<typeof theirs>();
  const made = (kubeConfig: KubeConfig) => makeInformer<V1Pod>(kubeConfig, "/api/v1/pods");
  expectTypeOf(made).returns.toExtend<Informer<V1Pod> & ObjectCache<V1Pod>>();
});

test("it takes a client as well, and a field selector", () => {
  const made = (client: KrmClient) =>
    makeInformer<V1Pod>(client, "/api/v1/pods", undefined, "app=web", "spec.nodeName=n1");
  expectTypeOf(made).returns.toExtend<ObjectCache<V1Pod>>();
  // @ts-expect-error: the kind of callback goes with the verb
  const wrong = (client: KrmClient): void => made(client).on("add", (name: string) => name);
  expectTypeOf(wrong).returns.toBeVoid();
});
