import { ParseError } from "../../options/parse-error.ts";
import { type JsonPath, jsonPath } from "./json-path.ts";

/**
 * Writes a value by a template.
 *
 * @param shown of what paths lead to; what the template itself says stands as it is. @default as it is
 */
export type Template = (value: unknown, shown?: (text: string) => string) => string;

type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "path"; readonly path: JsonPath }
  | { readonly type: "range"; readonly path: JsonPath; readonly parts: readonly Part[] };

/** What stands in braces, with quotes passed over; or what stands outside of them. */
const PIECE = /\{((?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^'"}])*)\}|([^{]+)/uy;

/**
 * Reads a template as `kubectl -o jsonpath=…` does: text, and in braces paths (see {@link jsonPath}), text in quotes, and
 * `{range PATH}…{end}`. Of a path that leads to several values all are written, with spaces between; what is no text,
 * number or boolean as JSON.
 *
 * @throws ParseError
 * @example
 * const template = jsonPathTemplate('{range .items[*]}{.metadata.name}{"\t"}{.spec.nodeName}{"\n"}{end}');
 */
export function jsonPathTemplate(text: string): Template {
  const root: Part[] = [];
  /** The innermost range that is open comes last. */
  const open: { readonly parts: Part[] }[] = [{ parts: root }];
  let paths = 0;
  const add = (part: Part): void => void open.at(-1)?.parts.push(part);
  for (let at = 0; at < text.length; at = PIECE.lastIndex) {
    PIECE.lastIndex = at;
    const [, action, plain] = PIECE.exec(text) ?? [];
    if (plain !== undefined) {
      add({ type: "text", text: plain });
      continue;
    }
    if (action === undefined) throw refusal(text, `"{" is not closed, at ${JSON.stringify(text.slice(at))}`);
    const [, word = "", rest = ""] = /^\s*(range\b|end\s*$)?(.*)$/su.exec(action) ?? [];
    if (word === "range") {
      const range = { type: "range", path: jsonPath(rest.trim()), parts: [] as Part[] } as const;
      add(range);
      open.push(range);
    } else if (word.startsWith("end")) {
      if (open.length === 1) throw refusal(text, "{end} without {range}");
      open.pop();
    } else
      add(
        /^\s*['"]/u.test(rest)
          ? { type: "text", text: quoted(rest.trim(), text) }
          : { type: "path", path: jsonPath(rest.trim()) },
      );
    paths += 1;
  }
  if (open.length > 1) throw refusal(text, "{range} without {end}");
  if (paths === 0)
    throw refusal(text, "nothing stands in braces", `Write {${text.startsWith(".") ? text : ".metadata.name"}}.`);
  return (value, shown = (text) => text) => written(root, value, shown);
}

/** A value as text: of none, nothing. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}

function written(parts: readonly Part[], value: unknown, shown: (text: string) => string): string {
  return parts
    .map((part) => {
      switch (part.type) {
        case "text":
          return part.text;
        case "path":
          return shown(part.path(value).map(valueText).join(" "));
        case "range":
          return part
            .path(value)
            .map((each) => written(part.parts, each, shown))
            .join("");
      }
    })
    .join("");
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function quoted(text: string, template: string): string {
  const inside = /^(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")$/su.exec(text);
  if (inside === null) throw refusal(template, `${text} is no text in quotes`);
  return (inside[1] ?? inside[2] ?? "").replaceAll(/\\(.)/gsu, (_, letter: string) => ESCAPES[letter] ?? letter);
}

function refusal(template: string, reason: string, hint?: string): ParseError {
  return new ParseError(`${JSON.stringify(template)} is no template: ${reason}`, hint);
}
