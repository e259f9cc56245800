import { readFileSync } from "node:fs";
import type { Status } from "../src/index.ts";

/** A request that a kube-apiserver refused, and its answer. */
export interface Refusal {
  readonly scenario: string;
  readonly method: string;
  readonly path: string;
  readonly accept?: string;
  readonly user?: string;
  readonly status: Status;
}

/** Pods, and which of them each selector picked. */
export interface Selections {
  readonly pods: readonly { readonly metadata: { readonly name: string; readonly labels?: Record<string, string> } }[];
  readonly selections: readonly {
    readonly labelSelector?: string;
    readonly fieldSelector?: string;
    readonly names: readonly string[];
  }[];
}

/** Reads one of the recordings in `fixtures/`. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));
}
