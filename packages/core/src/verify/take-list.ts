import type { VerificationMode } from "../merge/merge-input.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { ListProgress } from "../monitor/role-status.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListWatch } from "../ports/list-watch.ts";
import type { Logger } from "../ports/logger.ts";
import type { FrozenView } from "./frozen-view.ts";
import { type ListForm, type ListModes, formTrouble, isServerFault, modeOf } from "./list-modes.ts";
import { isComparable, takeMetadata, takeSnapshot, type TakeSnapshotOptions } from "./take-snapshot.ts";

/** How a verification lists. */
export interface TakeListOptions {
  readonly listWatch: ListWatch;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly pageSize: number;
  readonly modes: ListModes;
  /** Runs a list when there is room for one. */
  readonly listSlot: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
  readonly onProgress: (progress: ListProgress) => void;
}

/** What it would rather have. */
export interface Wanted {
  readonly exact: boolean;
  /** With bodies, of all that the view is not known to hold; `everything`: of that too. */
  readonly bodies: "none" | "unknown" | "everything";
}

/** A complete list, and how it was had. */
export interface TakenList {
  readonly snapshot: Snapshot;
  readonly mode: VerificationMode;
  /** It shows the state at the version that the view was frozen at. */
  readonly exact: boolean;
  /** The objects that the view does not hold came with their bodies. */
  readonly bodies: boolean;
}

/** A server that has not come to the asked version is asked so often, each time over another connection. */
const TRIES_BEHIND = 3;

/**
 * Lists the scope as wanted, or as the server can: what it does not know is remembered in `modes`, a compacted version
 * gives way to the newest one, a lagging server is waited for. Undefined: versions of this resource cannot be ordered.
 */
export async function takeList(
  options: TakeListOptions,
  view: FrozenView,
  wanted: Wanted,
): Promise<TakenList | undefined> {
  const { listWatch, listSlot, clock, logger, signal, modes } = options;
  const now = clock.monotonic();
  const form = {
    exact: wanted.exact && view.position !== undefined && modes.can("exact", now),
    metadata: wanted.bodies === "none" && listWatch.listMetadata !== undefined && modes.can("metadata", now),
  };
  let behind = 0;
  for (;;) {
    try {
      const taken = await listSlot(signal, async () => attempt(options, view, wanted, form, behind > 0));
      if (form.exact) modes.works("exact");
      return taken;
    } catch (error) {
      const trouble = formTrouble(error, form);
      if (trouble === undefined) {
        signal.throwIfAborted();
        if (form.exact && isServerFault(error) && modes.failed("exact", now))
          logger.warn({ err: error }, "exact lists fail again and again; listing the newest state for an hour");
        throw error;
      }
      if (trouble === "compacted") {
        form.exact = false;
      } else if ("lacks" in trouble) {
        if (modes.lacks(trouble.lacks, now))
          logger.info(
            { err: error, lacks: trouble.lacks },
            "the API server cannot list in this form; using another one",
          );
        form[trouble.lacks] = false;
      } else if (++behind > TRIES_BEHIND) {
        // The newest state tells whether it lags, or its history restarted.
        form.exact = false;
      } else {
        await clock.sleep(trouble.behindMs, { signal });
      }
    }
  }
}

async function attempt(
  { listWatch, clock, signal, pageSize, modes, onProgress }: TakeListOptions,
  view: FrozenView,
  { bodies }: Wanted,
  form: ListForm,
  elsewhere: boolean,
): Promise<TakenList | undefined> {
  const exactly = form.exact ? view.position : undefined;
  const common: TakeSnapshotOptions = {
    clock,
    signal,
    pageSize,
    exactly,
    elsewhere: elsewhere || undefined,
    onProgress,
  };
  const listMetadata = listWatch.listMetadata?.bind(listWatch);
  let metadata = form.metadata && listMetadata !== undefined;
  let snapshot: Snapshot;
  if (form.metadata && listMetadata !== undefined) {
    const taken = await takeMetadata(listMetadata, common);
    ({ snapshot } = taken);
    // It sent all the bodies, and they were thrown away: the next list had better make use of them.
    if (!taken.metadataOnly) modes.lacks("metadata", clock.monotonic());
    metadata = taken.metadataOnly;
  } else {
    const known = bodies === "everything" ? undefined : (key: Parameters<FrozenView["at"]>[0]) => view.at(key);
    const taken = await takeSnapshot(listWatch, { ...common, known });
    if (!isComparable(taken)) return undefined;
    snapshot = taken;
  }
  // A view of an old version that nothing has touched since proves nothing of now.
  const { heardAt } = view;
  const provedAt = Math.min(snapshot.takenAt, heardAt ?? snapshot.takenAt);
  // A server that does not know `resourceVersionMatch` gives what it has.
  const exact = exactly !== undefined && snapshot.resourceVersion === exactly;
  if (exactly !== undefined && !exact) modes.lacks("exact", clock.monotonic());
  if (exact) snapshot = { ...snapshot, takenAt: provedAt };
  return { snapshot, exact, mode: modeOf({ exact, metadata }), bodies: !form.metadata };
}
