/**
 * CRC-32 (of gzip, reflected polynomial 0xedb88320) of texts put together, from those of the parts: with polynomials modulo
 * the one of the CRC, as zlib's `crc32_combine` does it.
 */

const POLYNOMIAL = 0xedb88320;

/** x⁰, the highest bit being that of the lowest power. */
const ONE = 0x80000000;

/** a · b modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** x to the power of 2ⁿ, for each n: enough for the bits of any text that memory holds. */
const POWERS: readonly number[] = powers(56);

function powers(count: number): readonly number[] {
  const all = [ONE >>> 1];
  while (all.length < count) {
    const last = all.at(-1) ?? ONE;
    all.push(multiply(last, last));
  }
  return all;
}

/** What the CRC of a text is multiplied by when so many bytes come behind it. */
export function crcShift(bytes: number): number {
  let shift = ONE;
  // 2³ bits are a byte.
  let power = 3;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(POWERS[power] ?? ONE, shift);
    power += 1;
  }
  return shift;
}

/** The CRC of a text followed by another one. @param shift {@link crcShift} of the second one's length. */
export function combineCrc(first: number, second: number, shift: number): number {
  return (multiply(shift, first) ^ second) >>> 0;
}
