/** What a row has measured, for its line. */
export type Figures = Readonly<Record<string, number | string>>;

/** What a row is told. */
export interface RowContext {
  /** Everything that happens by chance follows from it. */
  readonly seed: number;
  /** Histories for the row about false drift. */
  readonly histories: number;
  /** The short form, for `npm test`. */
  readonly brief: boolean;
}

/** One line of the matrix: it makes one thing go wrong, and rejects where that is not put right as it must be. */
export interface Row {
  readonly name: string;
  /** Of research: peers §6. */
  readonly trap?: number;
  readonly run: (context: RowContext) => Promise<Figures>;
}

/** So many seeds from the context's on; `short` of them in the short form. */
export function seedsOf({ seed, brief }: RowContext, full: number, short = 1): readonly number[] {
  return Array.from({ length: brief ? short : full }, (_, i) => seed * 1000 + i);
}

/** Runs `once` for each seed, and adds the figures up. The seed of a failure is in its message. */
export async function overSeeds(
  seeds: readonly number[],
  once: (seed: number) => Promise<Figures>,
): Promise<Record<string, number | string>> {
  const sum: Record<string, number | string> = { seeds: seeds.length };
  for (const seed of seeds) {
    let figures: Figures;
    try {
      figures = await once(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    for (const [name, value] of Object.entries(figures)) {
      const before = sum[name];
      sum[name] = typeof value === "number" && typeof before === "number" ? before + value : value;
    }
  }
  return sum;
}
