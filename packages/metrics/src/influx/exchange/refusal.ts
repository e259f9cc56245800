/** Why a database does not take a line, whatever is tried. */
export const REFUSAL_REASONS = [
  /** The field has another type there already. */
  "field-type-conflict",
  /** Older than the retention policy keeps, or outside its write window. */
  "beyond-retention",
  /** A limit on series, tag values, columns or tables. */
  "limit",
  /** It is no line protocol, for this database. */
  "unparseable",
  /** A single line that is larger than a request may be. */
  "too-large",
  "other",
] as const;

/** One of {@link REFUSAL_REASONS}. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Lines that the database did not take and never will. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** How many, as far as the database told: at least one of them where it did not. */
  readonly lines: number;
  /** The field and the measurement, or the database's words: the same for the same cause, so that it can be told once. */
  readonly culprit: string;
  /** What the database said, shortened. */
  readonly words: string;
}
