/** The bytes that JSON's structure is written with. */
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
/** White space is not above it, and everything else is. */
export const SPACE = 0x20;
/** How `null` begins. */
export const SMALL_N = 0x6e;
