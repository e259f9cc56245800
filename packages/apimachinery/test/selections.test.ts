import { PODS } from "@krm/core";
import { expect, test } from "vitest";
import { parseFieldSelector, parseLabelSelector, selectableFields } from "../src/index.ts";
import { fixture, type Selections } from "./fixtures.ts";

const { pods, selections } = fixture("selections") as Selections;

test.for(selections.filter((row) => row.labelSelector !== undefined))(
  "labelSelector=$labelSelector selects what kube-apiserver selected",
  ({ labelSelector = "", names }) => {
    const selector = parseLabelSelector(labelSelector);
    const selected = pods.filter((pod) => selector.matches(pod.metadata.labels ?? {}));
    expect(selected.map((pod) => pod.metadata.name)).toEqual(names);
  },
);

test.for(selections.filter((row) => row.fieldSelector !== undefined))(
  "fieldSelector=$fieldSelector selects what kube-apiserver selected",
  ({ fieldSelector = "", names }) => {
    const selector = parseFieldSelector(fieldSelector, PODS);
    const selected = pods.filter((pod) => selector.matches(selectableFields(PODS, pod)));
    expect(selected.map((pod) => pod.metadata.name)).toEqual(names);
  },
);
