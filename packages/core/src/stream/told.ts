import type { ResourceVersion } from "../model/resource-version.ts";
import type { DesyncCause } from "../monitor/role-status.ts";

/** What a streamer has told its sink; its lists and its watches go on from there. */
export interface Told {
  /** The history of the cluster that is read. */
  epoch: number;
  /** The newest version that was told. */
  position: ResourceVersion | undefined;
  /** The known gap that the next list closes. */
  closes: DesyncCause | undefined;
  /** The next list hands over every body, also of what the view should hold. */
  inFull: boolean;
  /** Objects are older than was told of them, by their own account: the next list is of another history, whatever its version. */
  foreign: boolean;
}
