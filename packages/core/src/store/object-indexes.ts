import type { StoredObject } from "../model/stored-object.ts";
import { type ObjectTerm, subjectName } from "./object-term.ts";
import { ValueIndex } from "./value-index.ts";

/** Indexes kept at most; the one that was asked for longest ago gives way. Each costs something at every change. */
const KEPT = 16;

/** What was asked for once is remembered of so many: an index is made at the second time. */
const REMEMBERED = 64;

/** An index that nobody has asked for in so many changes is dropped. */
const IDLE_CHANGES = 50_000;

/** Bytes that are looked through for all indexes in one turn of the event loop, until they are whole: some milliseconds. */
const WORK_IN_A_TURN = 1024 * 1024;

/** Terms of one read that are looked at, at most: nobody selects by more things. */
const TERMS_AT_MOST = 8;

interface Kept {
  readonly index: ValueIndex;
  idle: number;
}

/**
 * The indexes of one view: made when a thing is looked up by for the second time, and kept as long as that goes on. They are
 * filled in turns of the event loop; until one is whole, its lookups find nothing out. Who does not select pays nothing.
 */
export class ObjectIndexes {
  readonly #objects: ReadonlyMap<unknown, StoredObject>;
  /** By {@link subjectName}; the one that was asked for last stands last. */
  readonly #kept = new Map<string, Kept>();
  readonly #askedOnce = new Set<string>();
  /** What is left of this turn's work. */
  #work = WORK_IN_A_TURN;
  #willGoOn = false;

  /** @param objects All objects of the view; changes are told after they are in it. */
  constructor(objects: ReadonlyMap<unknown, StoredObject>) {
    this.#objects = objects;
  }

  /** An object was replaced, came, or went. */
  change(before: StoredObject | undefined, after: StoredObject | undefined): void {
    for (const [name, kept] of this.#kept) {
      kept.idle += 1;
      if (kept.idle > IDLE_CHANGES) this.#kept.delete(name);
      else kept.index.change(before, after);
    }
  }

  /** So much has changed that each index is made anew, when it is asked for. */
  restart(): void {
    for (const name of this.#kept.keys()) this.#remember(name);
    this.#kept.clear();
  }

  /**
   * The objects of one namespace, or of all, that have what one of the terms wants, in the order of their keys: of the
   * term that leaves the fewest. Undefined: no index says, or it would leave more than half of `among`.
   */
  read(terms: readonly ObjectTerm[], namespace: string | undefined, among: number): StoredObject[] | undefined {
    // Objects without a namespace are no range of keys.
    if (namespace === "") return undefined;
    let best: { readonly index: ValueIndex; readonly values: readonly string[] } | undefined;
    let fewest = among / 2;
    for (const term of distinct(terms)) {
      const index = this.#ask(term);
      if (index === undefined) continue;
      const values = [...new Set(term.values)];
      const count = index.count(values, namespace);
      if (count > fewest) continue;
      fewest = count;
      best = { index, values };
    }
    return best?.index.read(best.values, namespace);
  }

  /** The index for a term, if it is whole. */
  #ask(term: ObjectTerm): ValueIndex | undefined {
    const name = subjectName(term);
    const index = this.#kept.get(name)?.index ?? this.#make(name, term);
    if (index === undefined) return undefined;
    this.#kept.delete(name);
    this.#kept.set(name, { index, idle: 0 });
    if (this.#kept.size > KEPT) this.#forgetFirst(this.#kept);
    if (!index.isWhole) this.#fill(index);
    return index.isWhole ? index : undefined;
  }

  #fill(index: ValueIndex): void {
    this.#work = Math.max(0, index.fill(this.#work));
    if (this.#willGoOn) return;
    this.#willGoOn = true;
    setImmediate(() => this.#goOn());
  }

  /** In the next turn: until every index is whole. */
  #goOn(): void {
    this.#willGoOn = false;
    this.#work = WORK_IN_A_TURN;
    for (const { index } of this.#kept.values()) if (!index.isWhole) return this.#fill(index);
  }

  #make(name: string, term: ObjectTerm): ValueIndex | undefined {
    if (this.#askedOnce.delete(name)) return new ValueIndex(term, this.#objects);
    this.#remember(name);
    return undefined;
  }

  #remember(name: string): void {
    this.#askedOnce.add(name);
    if (this.#askedOnce.size > REMEMBERED) this.#forgetFirst(this.#askedOnce);
  }

  #forgetFirst(names: Map<string, unknown> | Set<string>): void {
    for (const first of names.keys()) {
      names.delete(first);
      return;
    }
  }
}

/** Of terms about the same thing the one with the fewest values: the others leave more. */
function distinct(terms: readonly ObjectTerm[]): Iterable<ObjectTerm> {
  const bySubject = new Map<string, ObjectTerm>();
  for (const term of terms) {
    const name = subjectName(term);
    const known = bySubject.get(name);
    if (known === undefined && bySubject.size === TERMS_AT_MOST) continue;
    if (known === undefined || term.values.length < known.values.length) bySubject.set(name, term);
  }
  return bySubject.values();
}
