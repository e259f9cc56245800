import { ParseError } from "./parse-error.ts";

/** What a number may be. */
export interface NumberBounds {
  readonly min: number;
  readonly max: number;
}

/**
 * Makes a reader of whole numbers within bounds.
 *
 * @throws ParseError
 */
export function wholeNumber(bounds: NumberBounds): (text: string) => number {
  return (text) => within(text, /^\d{1,15}$/, "a whole number", bounds);
}

/**
 * Makes a reader of decimal numbers within bounds.
 *
 * @throws ParseError
 */
export function decimalNumber(bounds: NumberBounds): (text: string) => number {
  return (text) => within(text, /^\d{1,15}(\.\d{1,6})?$/, "a number", bounds);
}

function within(text: string, form: RegExp, what: string, { min, max }: NumberBounds): number {
  const value = form.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new ParseError(`${JSON.stringify(text)} is not ${what} from ${min} to ${max}`);
}
