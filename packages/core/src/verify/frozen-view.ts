import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { Revision } from "../model/stored-object.ts";

/** What the view showed at one moment: which life and version of each key, and up to where the stream had told. */
export interface FrozenView {
  readonly epoch: number;
  /** Everything up to here was told. Undefined: nothing complete is there. */
  readonly position: ResourceVersion | undefined;
  /** When that was so: wall clock, epoch milliseconds. The stream has told nothing since. */
  readonly heardAt: number | undefined;
  /** What was verified or listed before. */
  readonly horizon: ResourceVersion | undefined;
  /** Undefined: the view did not show this key. */
  at(key: ObjectKey): Revision | undefined;
  /** The merge knows something newer of this key than the view shows, without its body. False where that cannot be told. */
  unseen(key: ObjectKey): boolean;
  /** Every key that it showed, in no order. */
  keys(): Iterable<ObjectKey>;
}
