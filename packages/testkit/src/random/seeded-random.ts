/**
 * A small, fast, seeded random source: everything in this package that looks random comes out of one of these, so that a
 * run can be repeated from its seed. Not for secrets.
 *
 * The generator is sfc32, "Small Fast Counting" (Chris Doty-Humphrey, PractRand): 128 bits of state of which 32 are a
 * counter, so that no seed has a cycle shorter than 2^32. Seeds are spread over the state with the finaliser of
 * MurmurHash3 (Austin Appleby).
 *
 * @example
 * const random = new SeededRandom(42);
 * random.integer(1, 6); // the same for ever
 */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number | string) {
    let hash = hashText(String(seed));
    const spread = (): number => (hash = finalise((hash + 0x9e3779b9) | 0));
    this.#a = spread();
    this.#b = spread();
    this.#c = spread();
    // Twelve rounds mix the seed into all of the state (the number PractRand uses for a short seed).
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number from 0, inclusive, to 1, exclusive. */
  next(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** An integer from `least` to `most`, both inclusive. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /**
   * One element, all equally likely.
   *
   * @throws RangeError when there is none.
   */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("cannot pick from an empty list");
    return from[Math.floor(this.next() * from.length)] as T;
  }

  /**
   * One key of `weights`, as likely as its weight.
   *
   * @throws RangeError when all weights are zero.
   */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.next() * total;
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    throw new RangeError("cannot pick when all weights are zero");
  }

  /** `length` characters out of `alphabet`. */
  text(length: number, alphabet: string): string {
    let out = "";
    for (let index = 0; index < length; index++) out += alphabet[Math.floor(this.next() * alphabet.length)];
    return out;
  }

  /** `length` hexadecimal digits. */
  hex(length: number): string {
    let out = "";
    while (out.length < length) out += this.uint32().toString(16).padStart(8, "0");
    return out.slice(0, length);
  }

  /** A UUID of version 4, as the API server gives them to objects. */
  uuid(): string {
    const digits = this.hex(32);
    const variant = "89ab"[Number.parseInt(digits[16] as string, 16) & 3] as string;
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
  }

  /** A source of its own for one purpose: what is drawn there does not shift what is drawn here. */
  fork(purpose: string): SeededRandom {
    return new SeededRandom(`${this.uint32()}/${purpose}`);
  }
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = finalise(Math.imul(hash ^ text.charCodeAt(index), 0x01000193));
  return hash;
}

function finalise(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
