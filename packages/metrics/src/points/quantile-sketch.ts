/** By how much of its value a quantile may be off, upwards or downwards, while a sketch has joined no bins. */
export const QUANTILE_ACCURACY = 0.01;

/** Bins of one sketch. Above it they are joined. */
const MOST_BINS = 512;

/** Each bin reaches from a value to this many times that value (here as a logarithm), so that its middle is close to all of it. */
const BIN_WIDTH = Math.log((1 + QUANTILE_ACCURACY) / (1 - QUANTILE_ACCURACY));

/** More than the index of any bin, so that keys are in the order of the values that they stand for. */
const MIDDLE = 2 ** 16;

/** After so many times, nothing is left that could be joined. */
const MOST_JOINS = 17;

/**
 * How values are distributed, for quantiles: counts in bins whose width is a share of their value (as in DDSketch), of which
 * only those that hold something are kept. It takes any finite value. A quantile is off by {@link QUANTILE_ACCURACY} of
 * its value at most, however many values there are.
 *
 * Where the values fall into more than 512 bins, neighbours are joined in pairs, all over (as in UDDSketch), and the
 * accuracy doubles: 2 %, then 4 %. Every value from a millisecond to five minutes, to the millisecond, fits without.
 *
 * The same values in the same order give the same sketch, also where it was packed and absorbed in between.
 */
export class QuantileSketch {
  #bins = new Map<number, number>();
  /** How often the bins were joined. */
  #joins = 0;
  #count = 0;

  /** How many values it holds. */
  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#put(keyOf(value, this.#joins), 1);
  }

  /** The nearest rank's value, nearly. NaN of nothing. `share`: in [0, 1]. */
  quantile(share: number): number {
    let left = Math.max(1, Math.ceil(share * this.#count));
    for (const [key, count] of this.#sorted()) {
      left -= count;
      if (left <= 0) return middleOf(key, this.#joins);
    }
    return Number.NaN;
  }

  /** All of it, in a form that JSON keeps. At most two numbers for a bin, and one more. */
  pack(): readonly number[] {
    const packed = [this.#joins];
    let before = 0;
    for (const [key, count] of this.#sorted()) {
      packed.push(key - before, count);
      before = key;
    }
    return packed;
  }

  /** Adds what another one holds. False, and nothing is changed, where that is nothing that {@link pack} gives. */
  absorb(packed: unknown): boolean {
    const other = unpack(packed);
    if (other === undefined) return false;
    while (this.#joins < other.joins) this.#join();
    for (const [key, count] of other.bins) {
      let joined = key;
      for (let joins = other.joins; joins < this.#joins; joins++) joined = joinedKey(joined);
      this.#put(joined, count);
    }
    return true;
  }

  #put(key: number, count: number): void {
    this.#count += count;
    this.#bins.set(key, (this.#bins.get(key) ?? 0) + count);
    while (this.#bins.size > MOST_BINS) this.#join();
  }

  #join(): void {
    const bins = this.#bins;
    this.#bins = new Map();
    this.#joins++;
    for (const [key, count] of bins) {
      const joined = joinedKey(key);
      this.#bins.set(joined, (this.#bins.get(joined) ?? 0) + count);
    }
  }

  #sorted(): readonly (readonly [key: number, count: number])[] {
    return [...this.#bins].toSorted(([a], [b]) => a - b);
  }
}

/** The bin of a value: 0 for 0, else by the logarithm of its amount; negative ones mirrored. */
function keyOf(value: number, joins: number): number {
  if (value === 0) return 0;
  return Math.sign(value) * (MIDDLE + Math.ceil(Math.log(Math.abs(value)) / BIN_WIDTH / 2 ** joins));
}

function joinedKey(key: number): number {
  return key === 0 ? 0 : Math.sign(key) * (MIDDLE + Math.ceil((Math.abs(key) - MIDDLE) / 2));
}

/** The value of which both ends of a bin are equally far away, as a share of themselves. */
function middleOf(key: number, joins: number): number {
  if (key === 0) return 0;
  const width = BIN_WIDTH * 2 ** joins;
  return Math.sign(key) * Math.exp((Math.abs(key) - MIDDLE) * width) * (2 / (Math.exp(width) + 1));
}

interface Unpacked {
  readonly joins: number;
  readonly bins: readonly (readonly [key: number, count: number])[];
}

function unpack(packed: unknown): Unpacked | undefined {
  if (!Array.isArray(packed) || packed.length % 2 === 0 || packed.length > 2 * MOST_BINS + 1) return undefined;
  if (!packed.every((each): each is number => Number.isSafeInteger(each))) return undefined;
  const [joins = 0, ...rest] = packed;
  if (joins < 0 || joins > MOST_JOINS) return undefined;
  const bins: (readonly [number, number])[] = [];
  let key = 0;
  for (let i = 0; i < rest.length; i += 2) {
    const [step = 0, count = 0] = rest.slice(i, i + 2);
    key += step;
    if (count < 1 || (i > 0 && step < 1) || Math.abs(key) > 2 * MIDDLE) return undefined;
    bins.push([key, count]);
  }
  return { joins, bins };
}
