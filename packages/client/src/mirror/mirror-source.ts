import { type Freshness, TELL } from "@krm/protocol";
import type { Connection } from "../options.ts";
import { request } from "../request.ts";
import { kubernetesPath } from "../resource-name.ts";
import type { Timing } from "../timing.ts";
import { type ReadObject, watch } from "../watch/watch.ts";
import type { WatchEvent } from "../watch/watch-event.ts";
import type { WatchObserver } from "../watch/watch-observer.ts";
import type { WatchOptions } from "../watch/watch-options.ts";
import { checkMirrorOptions, type MirrorOptions } from "./mirror-options.ts";

/** Where a mirror has everything from. */
export interface MirrorSource<T> {
  /** For messages. */
  readonly resource: string;
  readonly namespace: string | undefined;
  /** The objects are pods. */
  readonly hasNodes: boolean;
  readonly timing: Timing;
  /** How long a call may take. */
  readonly timeoutMs: number;
  /** Ends the mirror. */
  readonly signal: AbortSignal | undefined;
  readonly watch: (
    signal: AbortSignal,
    observer: WatchObserver & Pick<WatchOptions, "onRetry">,
  ) => AsyncIterable<WatchEvent<T>>;
  /** Asks how far the server's view can be trusted. */
  readonly ask: (signal: AbortSignal) => Promise<Freshness | undefined>;
}

/** How long a server may take to say how its view is. Milliseconds. */
const ASK_TIMEOUT_MS = 10_000;
/** Selects nothing, at no cost: no object has this name. */
const NO_OBJECT = "fieldSelector=metadata.name%3D-";

/** The source that a KRM server is. `load` is called first. @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
export function mirrorSource<T>(
  connection: Connection,
  resource: string,
  options: MirrorOptions,
  load: () => Promise<ReadObject<T>>,
): MirrorSource<T> {
  checkMirrorOptions(options);
  const { fieldSelector, labelSelector, signal } = options;
  const namespace = options.namespace === "" ? undefined : options.namespace;
  const path = kubernetesPath(resource, namespace);
  const telling = tellingContact(connection);
  const asking: Connection = { ...connection, retries: 0, kept: undefined };
  return {
    resource,
    namespace,
    hasNodes: resource === "pods" || resource === "v1/pods",
    timing: connection.timing,
    timeoutMs: connection.timeoutMs,
    signal,
    watch: (until, { onRetry, ...observer }) =>
      watch(telling, resource, { namespace, labelSelector, fieldSelector, signal: until, onRetry }, load, observer),
    ask: async (until) =>
      (await request(asking, `${path}?${NO_OBJECT}`, { signal: until, timeoutMs: ASK_TIMEOUT_MS })).freshness,
  };
}

/** A connection whose watches are told when the server's view last heard from the cluster. */
function tellingContact(connection: Connection): Connection {
  return {
    ...connection,
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set(TELL.header, TELL.lastContact);
      return connection.fetch(input, { ...init, headers });
    },
  };
}
