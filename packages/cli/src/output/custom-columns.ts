import { ParseError } from "../options/parse-error.ts";
import { type JsonPath, jsonPath } from "./jsonpath/json-path.ts";
import { valueText } from "./jsonpath/template.ts";

/** One column of a table that the user has put together. */
export interface CustomColumn {
  readonly heading: string;
  readonly path: JsonPath;
}

/**
 * Reads columns as `kubectl -o custom-columns=…` does: `NAME:.metadata.name,NODE:.spec.nodeName`. A heading may be empty.
 *
 * @throws ParseError
 */
export function customColumns(text: string): readonly CustomColumn[] {
  const columns = text.split(/,(?![^[]*\])/u).map((column) => {
    const colon = column.indexOf(":");
    if (colon === -1)
      throw new ParseError(
        `${JSON.stringify(column)} is no column`,
        "Write HEADING:PATH, such as NODE:.spec.nodeName.",
      );
    return { heading: column.slice(0, colon).trim(), path: relaxedPath(column.slice(colon + 1)) };
  });
  return columns;
}

/** A path that may go without its first dot, or stand in braces. @throws ParseError */
export function relaxedPath(text: string): JsonPath {
  const inside = /^\s*\{(.*)\}\s*$/su.exec(text)?.[1] ?? text;
  return jsonPath(/^\s*[.[$@]/u.test(inside) ? inside : `.${inside.trim()}`);
}

/** The heading, and a row for each object; `<none>` where there is nothing. */
export function customCells(
  columns: readonly CustomColumn[],
  objects: readonly object[],
): readonly (readonly string[])[] {
  const body = objects.map((object) =>
    columns.map(({ path }) => {
      const values = path(object);
      return values.length === 0 ? "<none>" : values.map((value) => valueText(value)).join(",");
    }),
  );
  return [columns.map(({ heading }) => heading), ...body];
}
