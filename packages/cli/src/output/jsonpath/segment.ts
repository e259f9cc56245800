import { PathReader } from "./path-reader.ts";

/** One segment of a path, as kubectl writes it. */
export type Segment =
  | { readonly type: "name"; readonly name: string }
  /** Of all that is found below: what follows is looked for there. */
  | { readonly type: "below" }
  | { readonly type: "all" }
  /** An index or a slice: RFC 9535 writes them alike. */
  | { readonly type: "index"; readonly text: string }
  /** Names in quotes, each a path from where this is. */
  | { readonly type: "several"; readonly paths: readonly (readonly Segment[])[] }
  /** What stands between the parentheses of `?(…)`. */
  | { readonly type: "filter"; readonly text: string };

/** Queries of RFC 9535, each asked of everything that the step before led to. */
export type Step = readonly string[];

/** Writes segments as queries of RFC 9535: one, as long as no segment is of several paths. */
export function stepsOf(segments: readonly Segment[]): readonly Step[] {
  const steps: Step[] = [];
  let query = "$";
  for (const [at, segment] of segments.entries()) {
    const follows = segments[at - 1]?.type === "below";
    if (segment.type === "several" && !follows) {
      steps.push([query], segment.paths.map(queryOf));
      query = "$";
    } else query += written(segment);
  }
  return [...steps, [query]];
}

function queryOf(path: readonly Segment[]): string {
  return `$${path.map(written).join("")}`;
}

function written(segment: Segment): string {
  switch (segment.type) {
    case "below":
      return "..";
    case "name":
      return `[${JSON.stringify(segment.name)}]`;
    case "all":
      return "[*]";
    case "index":
      return `[${segment.text}]`;
    case "filter":
      return `[?(${filterOf(segment.text)})]`;
    // Within a filter, or below: names alone can stand there.
    case "several":
      return `[${segment.paths.map((path) => path.map(written).join("").slice(1, -1)).join(",")}]`;
  }
}

const IN_FILTER = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[$@](?:\[[^\]]*\]|\.(?:\\.|[^\\.[\]\s()<>=!&|,])+)*/gu;

/** The paths in a filter, each as a query. */
function filterOf(text: string): string {
  return text.replaceAll(IN_FILTER, (piece) =>
    /^[$@]/u.test(piece) ? `${piece.slice(0, 1)}${queryOf(new PathReader(piece).segments()).slice(1)}` : piece,
  );
}
