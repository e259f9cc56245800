/** Counts what comes, and tells when so much of it has. */
export interface Counted {
  readonly count: () => void;
  /** Begins at nothing; resolves at so many. */
  events(count: number): Promise<void>;
}

/** Makes one. */
export function counted(): Counted {
  let seen = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let reached: () => void = () => {};
  return {
    count: () => {
      seen++;
      if (seen >= wanted) reached();
    },
    events: (count) => {
      seen = 0;
      wanted = count;
      const { promise, resolve } = Promise.withResolvers<void>();
      reached = resolve;
      return promise;
    },
  };
}
