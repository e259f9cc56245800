import { sentences } from "../errors/error-line.ts";
import { painter, type Colour } from "../terminal/paint.ts";
import { printable } from "../text/printable.ts";

const LEVEL_COLOURS: Readonly<Record<string, Colour>> = { debug: "dim", info: "green", warn: "yellow", error: "red" };

/** Turns a line of JSON, as the logger writes it, into one for people, with its line break. */
export function humanLine(
  json: string,
  options: {
    readonly colours: boolean;
    /** With stacks of errors, in lines of their own. */
    readonly verbose: boolean;
  },
): string {
  // `about` says for programs what the message says for people.
  const { level, time, msg, scope, err, about: _about, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const paint = painter(options.colours);
  const word = text(level);
  const parts = [
    paint("dim", timeOfDay(text(time))),
    paint(LEVEL_COLOURS[word] ?? "dim", word.toUpperCase().padEnd(5)),
    `${scope === undefined ? "" : `${text(scope)}: `}${text(msg)}${errorText(err)}`,
    ...Object.entries(fields).map(([name, value]) => paint("dim", `${name}=${text(value)}`)),
  ];
  const stack = options.verbose ? stackOf(err) : "";
  return `${parts.join(" ")}\n${stack}`;
}

function text(value: unknown): string {
  return printable(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}

function timeOfDay(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

function errorText(err: unknown): string {
  const { message, hint } = (err ?? {}) as { readonly message?: unknown; readonly hint?: unknown };
  if (typeof message !== "string") return "";
  return `: ${sentences(message, typeof hint === "string" ? hint : undefined)}`;
}

function stackOf(err: unknown): string {
  const { stack } = (err ?? {}) as { readonly stack?: unknown };
  if (typeof stack !== "string") return "";
  return stack
    .split("\n")
    .slice(1)
    .map((line) => `    ${printable(line.trim())}\n`)
    .join("");
}
