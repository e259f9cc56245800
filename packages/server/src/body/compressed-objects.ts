import { GZIP_LEVEL } from "@krm/apimachinery";
import type { StoredObject } from "@krm/core";
import { type CompressedRun, compressRun, storedRun } from "./compressed-run.ts";
import { gzipMember } from "./gzip-member.ts";
import type { ObjectsInList } from "./list-bytes.ts";

/** A run ends before the next object that begins one, or when it would grow beyond this. Bytes. */
const LONGEST = 512 * 1024;

/** Runs kept that begin with the same object: those of a whole list, and of some that leave objects out. */
const VARIANTS = 3;

/** Objects that follow each other in a list. */
interface Stretch {
  readonly first: StoredObject;
  readonly objects: readonly StoredObject[];
  /** It begins where others of the same list will: worth keeping. Anywhere else there would be one for each object. */
  readonly isKept: boolean;
}

interface KnownRun {
  /** Of its objects, by {@link CompressedObjects.#serialOf}: they themselves are not kept for its sake. */
  readonly serials: readonly number[];
  readonly run: Promise<CompressedRun>;
}

const COMMA = storedRun(Buffer.from(","));

/**
 * Compressed lists, put together from runs of objects, which are compressed once and kept as long as their first object
 * is in a view: a list after one change costs the run that has changed. Which objects begin a run is decided by their uids
 * alone, so that one that comes or goes moves no border but its own, and lists of one namespace share most runs with that of
 * all.
 */
export class CompressedObjects {
  /** By the first object; the one that was asked for last stands first. */
  readonly #runs = new WeakMap<StoredObject, readonly KnownRun[]>();
  /** A version is not enough to know an object by: a cluster that was restored gives it once more, to other content. */
  readonly #serials = new WeakMap<StoredObject, number>();
  #serial = 0;
  #made = 0;

  /** How many runs have been compressed. */
  get made(): number {
    return this.#made;
  }

  /** A list as gzip, in pieces. */
  gzip(list: ObjectsInList): AsyncGenerator<Uint8Array, void, undefined> {
    return gzipMember(this.#runsOf(list));
  }

  async *#runsOf(list: ObjectsInList): AsyncGenerator<CompressedRun, void, undefined> {
    yield storedRun(list.head);
    let isFirst = true;
    for (const stretch of cut(list)) {
      if (!isFirst) yield COMMA;
      isFirst = false;
      yield await this.#run(stretch, list);
    }
    yield storedRun(list.tail);
  }

  async #run({ first, isKept, objects }: Stretch, { pieces }: ObjectsInList): Promise<CompressedRun> {
    const known = this.#runs.get(first) ?? [];
    const same = known.find((one) => this.#isOf(one, objects));
    if (same !== undefined) {
      if (same !== known[0]) this.#runs.set(first, [same, ...known.filter((one) => one !== same)]);
      return same.run;
    }
    this.#made += 1;
    const run = compressRun(Buffer.concat([...pieces(objects)]), GZIP_LEVEL);
    if (!isKept) return run;
    const serials = objects.map((object) => this.#serialOf(object));
    this.#runs.set(first, [{ serials, run }, ...known].slice(0, VARIANTS));
    // What failed once, for want of memory, is tried again.
    run.catch(() => this.#runs.delete(first));
    return run;
  }

  #isOf({ serials }: KnownRun, objects: readonly StoredObject[]): boolean {
    return (
      serials.length === objects.length && objects.every((object, at) => serials[at] === this.#serials.get(object))
    );
  }

  #serialOf(object: StoredObject): number {
    const known = this.#serials.get(object);
    if (known !== undefined) return known;
    this.#serial += 1;
    this.#serials.set(object, this.#serial);
    return this.#serial;
  }
}

/** Cuts a list into stretches. */
function* cut({ isFromStart, items }: ObjectsInList): Generator<Stretch, void, undefined> {
  let objects: StoredObject[] = [];
  let bytes = 0;
  let isKept = isFromStart;
  for (const item of items) {
    const size = item.bytes.byteLength;
    const isBorder = begins(item);
    const [first] = objects;
    if (first !== undefined && (isBorder || bytes + size > LONGEST)) {
      yield { first, objects, isKept };
      objects = [];
      bytes = 0;
    }
    // What is too long for one run goes on in runs that are the same in every list.
    if (isBorder) isKept = true;
    objects.push(item);
    bytes += size;
  }
  const [first] = objects;
  if (first !== undefined) yield { first, objects, isKept };
}

/** One of sixteen: the last digit of a random uid. */
function begins({ uid }: StoredObject): boolean {
  return uid.charCodeAt(uid.length - 1) % 16 === 0;
}
