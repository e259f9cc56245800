import { ReplicaStore, type Store } from "@krm/core";
import { formatDuration } from "@krm/protocol";

/** What a server has to say of the store that its own store follows. */
export interface SourceState {
  /** Something was read of it, be it long ago. */
  readonly read: boolean;
  readonly line: string;
}

/** How it is with the source of a replica that does not answer. Undefined: it answers, or the store follows none. */
export function sourceTrouble(store: Store, now: number): SourceState | undefined {
  if (!(store instanceof ReplicaStore) || store.connected) return undefined;
  const { lastHeard } = store;
  if (lastHeard === undefined) return { read: false, line: "the store has not answered yet" };
  const age = formatDuration(Math.max(0, Math.round((now - lastHeard) / 1000)) * 1000);
  return { read: true, line: `the store has not answered for ${age}` };
}
