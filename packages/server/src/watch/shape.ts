import { type IncludeObject, type MetaVersion, type ObjectView, wrongRepresentation } from "@krm/apimachinery";

/** How the objects of a watch are shown. */
export type Shape =
  | { readonly type: "json" }
  | { readonly type: "partial-object-metadata"; readonly version: MetaVersion }
  | { readonly type: "table"; readonly version: MetaVersion; readonly includeObject: IncludeObject };

/** @throws StatusError 406 for a representation that is none of one object at a time. */
export function shapeOf({ representation, includeObject }: ObjectView): Shape {
  switch (representation.type) {
    case "json":
      return { type: "json" };
    case "partial-object-metadata":
      return { type: "partial-object-metadata", version: representation.version };
    case "table":
      return { type: "table", version: representation.version, includeObject };
    case "yaml":
    case "partial-object-metadata-list":
    case "api-group-discovery-list":
      throw wrongRepresentation(representation.type, "a list");
    default:
      return representation satisfies never;
  }
}

/** The same for all watches that are told the same bytes. */
export function shapeId(shape: Shape): string {
  switch (shape.type) {
    case "json":
      return "json";
    case "partial-object-metadata":
      return `metadata ${shape.version}`;
    case "table":
      return `table ${shape.version} ${shape.includeObject}`;
    default:
      return shape satisfies never;
  }
}
