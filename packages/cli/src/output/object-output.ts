import { ParseError } from "../options/parse-error.ts";
import { type CustomColumns, customColumns } from "./custom-columns.ts";
import { jsonPathTemplate, type Template } from "./jsonpath/template.ts";

/** How objects are written: in a form that a word names, or as the user says. */
export type ObjectOutput<Word extends string> =
  | { readonly format: Word }
  | { readonly format: "jsonpath"; readonly template: Template }
  | { readonly format: "custom-columns"; readonly cells: CustomColumns };

/** Reads `--output`, which is one of `words`, or `jsonpath=…`, or `custom-columns=…`. @throws ParseError */
export function objectOutput<Word extends string>(text: string, words: readonly Word[]): ObjectOutput<Word> {
  const format = words.find((each) => each === text);
  if (format !== undefined) return { format };
  const [, kind, rest = ""] = /^([^=]+)=(.*)$/su.exec(text) ?? [];
  if (kind === "jsonpath") return { format: kind, template: jsonPathTemplate(rest) };
  if (kind === "custom-columns") return { format: kind, cells: customColumns(rest) };
  throw new ParseError(
    `${JSON.stringify(text)} is not one of ${words.join(", ")}, jsonpath=TEMPLATE, custom-columns=HEADING:PATH,…`,
  );
}
