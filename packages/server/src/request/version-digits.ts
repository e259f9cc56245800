/** Digits without leading zeros, as versions are compared. Undefined for `0` and its longer spellings: any version. */
export function withoutZeros(digits: string): string | undefined {
  let start = 0;
  while (digits[start] === "0") start += 1;
  return start === digits.length ? undefined : digits.slice(start);
}
