import { ParseError } from "../options/parse-error.ts";
import { relaxedPath } from "./jsonpath/json-path.ts";
import { valueText } from "./jsonpath/template.ts";

/** Sets objects in columns that the user has put together: the heading, and a row for each; `<none>` where there is nothing. */
export type CustomColumns = (objects: readonly object[]) => readonly (readonly string[])[];

/**
 * Reads columns as `kubectl -o custom-columns=…` does: `NAME:.metadata.name,NODE:.spec.nodeName`. A heading may be empty.
 *
 * @throws ParseError
 */
export function customColumns(text: string): CustomColumns {
  const columns = text.split(/,(?![^[]*\])/u).map((column) => {
    const colon = column.indexOf(":");
    if (colon === -1)
      throw new ParseError(
        `${JSON.stringify(column)} is no column`,
        "Write HEADING:PATH, such as NODE:.spec.nodeName.",
      );
    return { heading: column.slice(0, colon).trim(), path: relaxedPath(column.slice(colon + 1)) };
  });
  const heading = columns.map((column) => column.heading);
  return (objects) => [heading, ...objects.map((object) => columns.map(({ path }) => cell(path(object))))];
}

function cell(values: readonly unknown[]): string {
  return values.length === 0 ? "<none>" : values.map(valueText).join(",");
}
