import type { CliIo, OutputStream } from "../io.ts";

const CODES = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33 } as const;

/** How text can be set off. */
export type Colour = keyof typeof CODES;

/** Colours text, or gives it back as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** Makes a {@link Paint}. */
export function painter(colours: boolean): Paint {
  return (colour, text) => (colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text);
}

/** Whether a stream shows colours: a terminal, unless `NO_COLOR` (no-color.org) or a dumb terminal says otherwise. */
export function hasColours(stream: OutputStream, env: CliIo["env"]): boolean {
  return isTerminal(stream, env) && (env["NO_COLOR"] ?? "") === "";
}

/** Whether a person reads along, on a terminal that can move its cursor. */
export function isTerminal(stream: OutputStream, env: CliIo["env"]): boolean {
  return stream.isTTY === true && env["TERM"] !== "dumb";
}
