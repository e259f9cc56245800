import type { ObjectKey } from "../model/object-key.ts";

/**
 * Chooses, round by round, which objects are asked by name although nothing speaks against them: every one comes once
 * before any comes twice, in an order by chance that is the same for the same salt. What a round costs is O(keys), a
 * hash and its place in an order each.
 */
export class Sampler {
  readonly #salt: number;
  /** Hashes up to here have had their turn. */
  #turn = -1;

  /** `salt`: a whole number below 2^32. */
  constructor(salt: number) {
    this.#salt = salt >>> 0;
  }

  /** The next `count` of `keys`. */
  take(keys: readonly ObjectKey[], count: number): ObjectKey[] {
    if (count <= 0) return [];
    const ahead = keys
      .map((key) => ({ key, hash: hashOf(key, this.#salt) }))
      .toSorted((a, b) => a.hash - b.hash || (a.key < b.key ? -1 : 1));
    const first = ahead.findIndex(({ hash }) => hash > this.#turn);
    const from = first < 0 ? 0 : first;
    const taken = ahead.slice(from, from + count);
    // The rest of the round begins the next turn.
    const wrapped = ahead.slice(0, Math.min(from, count - taken.length));
    this.#turn = (wrapped.at(-1) ?? taken.at(-1))?.hash ?? -1;
    return [...taken, ...wrapped].map(({ key }) => key);
  }
}

/** FNV-1a, 32 bits. */
function hashOf(key: string, salt: number): number {
  let hash = (0x811c9dc5 ^ salt) >>> 0;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
