import type { ResourceType } from "@krm/core";

/** `metadata` of an object: the fields that the simulated cluster looks at, and whatever else was sent. */
export interface SimMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: unknown[];
  managedFields?: unknown[];
  generateName?: string;
  [more: string]: unknown;
}

/** An object as the simulated cluster keeps it: with `kind` and `apiVersion`, deeply frozen. Clone it to change it. */
export interface SimObject {
  apiVersion: string;
  kind: string;
  metadata: SimMeta;
  [more: string]: unknown;
}

/** Any JSON object: what writers send. */
export type JsonObject = Record<string, unknown>;

/** One committed change. */
export interface ClusterEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: ResourceType;
  readonly resourceVersion: string;
  /** The state after; of a deletion the last state, under the version of the deletion (as etcd's watchers get it). */
  readonly object: SimObject;
  /** The state before, for watches with a selector; undefined: a creation. */
  readonly previous: SimObject | undefined;
  /** When it was committed, epoch milliseconds: by the clock that is right, whatever the cluster's own shows. */
  readonly at: number;
}

/** Tells whether `value` is a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object at `key`, or an empty one where there is none. */
export function objectAt(from: unknown, key: string): JsonObject {
  const value = isJsonObject(from) ? from[key] : undefined;
  return isJsonObject(value) ? value : {};
}

/** The list at `key`, or an empty one where there is none. */
export function listAt(from: unknown, key: string): readonly unknown[] {
  const value = isJsonObject(from) ? from[key] : undefined;
  return Array.isArray(value) ? value : [];
}

/** The text at `key`, or `""`. */
export function textAt(from: unknown, key: string): string {
  const value = isJsonObject(from) ? from[key] : undefined;
  return typeof value === "string" ? value : "";
}
