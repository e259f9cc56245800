import { compareResourceVersions, newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { CommittedMeta } from "../store/store.ts";
import type { ViewChange } from "./view-change.ts";

/** Law 10: which versions readers may have been told without all that the view shows at them. */
export class ResumeFloor {
  #floor: ResourceVersion | undefined;
  /** A repair waits for a version above this one, which readers were told before it. */
  #repairedAt: ResourceVersion | undefined;
  /** An event or a repair followed when readers may have held this version already: by the change before it. */
  #followedAt: ResourceVersion | undefined;
  /** What the view, or an event, has told: an event tells its version as soon as readers get it, before the view says it. */
  #told: ResourceVersion | undefined;
  /** … or a change of a list. Those are in no order: who was told one of them may hold its version without the others. */
  #held: ResourceVersion | undefined;

  /** Goes on from a view at a version. */
  constructor({ resumeFloor, repairPending }: CommittedMeta, version: ResourceVersion | undefined) {
    this.#floor = resumeFloor;
    // Of the two reasons for it the stricter one: which it was is not written.
    this.#repairedAt = repairPending ? version : undefined;
    this.#told = this.#held = version;
  }

  /** A change of the view, in order. */
  add(change: ViewChange): void {
    const version = versionOf(change);
    if (isRepair(change, this.#told)) this.#repairedAt = this.#told;
    else if (change.origin === "stream") this.#told = newestResourceVersion(this.#told, version);
    if (change.origin !== "list") this.#followedAt = this.#held;
    if (this.#held !== undefined) this.#held = newestResourceVersion(this.#held, version);
  }

  /**
   * The view is of this version now, with all that was added.
   *
   * @param reset Of another history: none of the versions before can be gone on from.
   */
  commit(version: ResourceVersion | undefined, reset: boolean): Pick<CommittedMeta, "resumeFloor" | "repairPending"> {
    const repairedAt = this.#repairedAt;
    // The first version that nobody can have been told before the repair: resuming from below it is a 410.
    const isNews =
      repairedAt !== undefined && version !== undefined && compareResourceVersions(version, repairedAt) > 0;
    if (reset || isNews) {
      this.#floor = version;
      this.#repairedAt = undefined;
    }
    if (reset || this.#followedAt !== version) this.#followedAt = undefined;
    this.#told = this.#held = version;
    return {
      resumeFloor: this.#floor,
      repairPending: this.#repairedAt !== undefined || this.#followedAt !== undefined,
    };
  }
}

function versionOf(change: ViewChange): ResourceVersion {
  return change.type === "set" ? change.object.resourceVersion : change.resourceVersion;
}

/**
 * A change takes effect at, or may have taken effect at, a version that readers were told already: by a list; or by a
 * stream that tells what it had left out, as that of another KRM does. Events of one version are told one after the other
 * where one transaction made them, as when an etcd lease runs out.
 */
function isRepair(change: ViewChange, told: ResourceVersion | undefined): boolean {
  if (told === undefined) return false;
  const isInferred = change.type === "removed" && change.origin !== "stream";
  const order = compareResourceVersions(versionOf(change), told);
  return isInferred || order < 0 || (order === 0 && change.origin !== "stream");
}
