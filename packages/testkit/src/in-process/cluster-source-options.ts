import type { ClockOffset, DropPaths, Scope } from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { ClusterEvent } from "../cluster/sim-object.ts";
import type { SwaySpec } from "../faults/sway.ts";
import type { ClusterReader } from "../watch-cache/cluster-reader.ts";
import type { InitialEvents } from "./initial-events.ts";
import type { SourceRequest } from "./source-request.ts";

/** What the source may do to the truth. */
export interface ClusterSourceOptions {
  readonly cluster: SimCluster;
  /** Called before each request; what it throws or rejects with is the answer. */
  readonly beforeRequest?: ((request: SourceRequest) => void | Promise<void>) | undefined;
  /** What a watch of this scope tells of an event: nothing, the event, or it and others. Default: the event. */
  readonly tell?: ((event: ClusterEvent, scope: Scope) => readonly ClusterEvent[]) | undefined;
  /** How late watches tell events, as `parseFaults("sway=…").sway` gives it. Default: at once. */
  readonly sway?: SwaySpec | undefined;
  /**
   * What lists and watches are answered from, where it is not the cluster: a `WatchCacheModel` that lies. GET tells the
   * truth.
   */
  readonly cache?: ClusterReader | undefined;
  /**
   * Several API servers behind one address, in place of `cache`: `WatchCacheModel`s that lag or lie, and the cluster
   * itself for one that does not.
   */
  readonly replicas?: readonly ClusterReader[] | undefined;
  /**
   * Which replica answers: its index. Default: any, by seed, for each request but the further pages of a list, which
   * come from the same one unless they are asked for elsewhere.
   */
  readonly route?: ((request: SourceRequest) => number) | undefined;
  /** Streaming lists work. Default: false, a watch that asks for initial events is refused with 422. */
  readonly streamingLists?: boolean | undefined;
  /** What becomes of a watch that asks for initial events, said for each one. Default: as `streamingLists` says. */
  readonly initialEvents?: InitialEvents | ((scope: Scope) => InitialEvents) | undefined;
  /**
   * Lists of metadata only: `whole` sends whole objects all the same (`metadataOnly: false`), with `absent` the source
   * has no `listMetadata`. Default: `ok`.
   */
  readonly metadataLists?: "ok" | "whole" | "absent" | undefined;
  /** What discovery says of a scope; what it throws or rejects with is the answer. Default: true. */
  readonly served?: ((scope: Scope) => boolean | Promise<boolean>) | undefined;
  /** How far the cluster's clock is off that of whoever asks. Default: the source cannot tell. */
  readonly clockOffset?: (() => ClockOffset | undefined) | undefined;
  /** What is cut out of objects. Default: what the decoder cuts out unless told otherwise. */
  readonly drop?: DropPaths | undefined;
  /** Of the order of initial events and of the choice of a replica. Default: 1. */
  readonly seed?: number | string | undefined;
}
