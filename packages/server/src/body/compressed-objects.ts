import { GZIP_LEVEL } from "@krm/apimachinery";
import type { StoredObject } from "@krm/core";
import { type CompressedRun, compressRun, storedRun } from "./compressed-run.ts";
import { gzipMember } from "./gzip-member.ts";
import type { ObjectsInList } from "./list-bytes.ts";

/** A run ends before the next object that begins one, or when it would grow beyond this. Bytes. */
const LONGEST = 512 * 1024;

/** Runs that begin with the same object: those of a whole list, and of one that leaves some out. */
const VARIANTS = 2;

interface KnownRun {
  /** Its objects, which are not kept for its sake. */
  readonly revisions: readonly Pick<StoredObject, "uid" | "resourceVersion">[];
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
  readonly #runs = new WeakMap<StoredObject, readonly KnownRun[]>();
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
    for (const objects of cut(list.items)) {
      if (!isFirst) yield COMMA;
      isFirst = false;
      yield await this.#run(objects, list);
    }
    yield storedRun(list.tail);
  }

  async #run(objects: readonly StoredObject[], { pieces }: ObjectsInList): Promise<CompressedRun> {
    const [first] = objects;
    if (first === undefined) return COMMA;
    const known = this.#runs.get(first) ?? [];
    const same = known.find((one) => isOf(one, objects));
    if (same !== undefined) return same.run;
    this.#made += 1;
    const run = compressRun(Buffer.concat([...pieces(objects)]), GZIP_LEVEL);
    const revisions = objects.map(({ uid, resourceVersion }) => ({ uid, resourceVersion }));
    this.#runs.set(first, [{ revisions, run }, ...known].slice(0, VARIANTS));
    // What failed once, for want of memory, is tried again.
    run.catch(() => this.#runs.delete(first));
    return run;
  }
}

function isOf({ revisions }: KnownRun, objects: readonly StoredObject[]): boolean {
  if (revisions.length !== objects.length) return false;
  return objects.every(({ uid, resourceVersion }, at) => {
    const known = revisions[at];
    return known?.resourceVersion === resourceVersion && known.uid === uid;
  });
}

/** Cuts a list into runs. */
function* cut(items: readonly StoredObject[]): Generator<readonly StoredObject[], void, undefined> {
  let start = 0;
  let bytes = 0;
  for (const [at, item] of items.entries()) {
    const size = item.bytes.byteLength;
    if (at > start && (begins(item) || bytes + size > LONGEST)) {
      yield items.slice(start, at);
      start = at;
      bytes = 0;
    }
    bytes += size;
  }
  if (items.length > start) yield items.slice(start);
}

/** One of sixteen: the last digit of a random uid. */
function begins({ uid }: StoredObject): boolean {
  return uid.charCodeAt(uid.length - 1) % 16 === 0;
}
