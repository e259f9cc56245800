import { type ObjectTerm, type StoredObject, subjectName, type TermSubject, valuesOf } from "@krm/core";

interface Subject<T> {
  readonly subject: TermSubject;
  readonly byValue: Map<string, Set<T>>;
}

/**
 * Who is interested in what, by one thing that an object must have for it: of thousands who each wait for the pods of one
 * node, an event is held against those of two nodes at most. Who wants everything, or what cannot be looked up, is asked
 * about each event.
 */
export class InterestIndex<T> {
  readonly #always = new Set<T>();
  readonly #subjects = new Map<string, Subject<T>>();

  /** @param where All of these hold for what is of interest; the one with the fewest values counts. */
  add(where: readonly ObjectTerm[], item: T): void {
    const term = mostTelling(where);
    if (term === undefined) {
      this.#always.add(item);
      return;
    }
    const name = subjectName(term);
    const { byValue } = this.#subjects.get(name) ?? { byValue: new Map<string, Set<T>>() };
    this.#subjects.set(name, { subject: term, byValue });
    for (const value of term.values) byValue.set(value, (byValue.get(value) ?? new Set<T>()).add(item));
  }

  /** Takes out what was added, with the same terms. */
  delete(where: readonly ObjectTerm[], item: T): void {
    const term = mostTelling(where);
    if (term === undefined) {
      this.#always.delete(item);
      return;
    }
    const byValue = this.#subjects.get(subjectName(term))?.byValue;
    for (const value of term.values) {
      const items = byValue?.get(value);
      items?.delete(item);
      if (items?.size === 0) byValue?.delete(value);
    }
    if (byValue?.size === 0) this.#subjects.delete(subjectName(term));
  }

  /** Those who can be interested in one of some states of an object, each once. */
  *of(states: readonly StoredObject[]): Generator<T, void, undefined> {
    yield* this.#always;
    for (const { subject, byValue } of this.#subjects.values()) {
      const values = new Set(states.flatMap((state) => valuesOf(subject, state)));
      const sets = [...values].flatMap((value) => byValue.get(value) ?? []);
      // Who waits for several values is in several sets.
      yield* sets.length === 1 ? (sets[0] ?? []) : new Set(sets.flatMap((set) => [...set]));
    }
  }
}

function mostTelling(where: readonly ObjectTerm[]): ObjectTerm | undefined {
  return where.reduce<ObjectTerm | undefined>(
    (best, term) => (best === undefined || term.values.length < best.values.length ? term : best),
    undefined,
  );
}
