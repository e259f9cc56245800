import { expect, test } from "vitest";
import { partialObjectMetadata, partialObjectMetadataList } from "../src/index.ts";
import { fixture, type Selections } from "./fixtures.ts";

const { pods } = fixture("selections") as Selections;
const [first] = pods;

test("an object is cut down to its metadata, as it is", () => {
  expect(first).toBeDefined();
  const cut = partialObjectMetadata(first ?? {});
  expect(Object.keys(cut)).toEqual(["kind", "apiVersion", "metadata"]);
  expect(cut).toMatchObject({ kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1" });
  expect(cut.metadata).toBe(first?.metadata);
  expect(partialObjectMetadata({}, "v1beta1")).toEqual({
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1beta1",
    metadata: {},
  });
});

test("an empty list has null items, as kube-apiserver v1.36.2 answers", () => {
  expect(JSON.stringify(partialObjectMetadataList([], { resourceVersion: "215" }))).toBe(
    '{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"215"},"items":null}',
  );
});

test("a page says how to go on, the last one does not", () => {
  const listMeta = { resourceVersion: "253", continue: "abc", remainingItemCount: 6 };
  expect(JSON.stringify(partialObjectMetadataList(pods.slice(0, 2), listMeta).metadata)).toBe(JSON.stringify(listMeta));
  expect(
    partialObjectMetadataList(pods, { ...listMeta, continue: "", remainingItemCount: undefined }).metadata,
  ).toEqual({
    resourceVersion: "253",
  });
});
