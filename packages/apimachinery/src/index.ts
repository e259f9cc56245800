// Errors
export {
  type Status,
  type StatusCause,
  type StatusDetails,
  StatusError,
  statusError,
  type StatusInput,
} from "./status/status.ts";
export {
  alreadyExists,
  badRequest,
  conflict,
  expired,
  forbidden,
  forbiddenPath,
  type ForbiddenRequest,
  internalError,
  invalid,
  type KindLike,
  methodNotAllowed,
  notAcceptable,
  notFound,
  notFoundPath,
  type ResourceLike,
  serviceUnavailable,
  tooLargeResourceVersion,
  tooManyRequests,
  unauthorized,
} from "./status/status-errors.ts";

// Label selectors
export { type LabelSelector, parseLabelSelector } from "./labels/label-selector.ts";
export type { LabelOperator, LabelRequirement } from "./labels/requirement.ts";

// Field selectors
export { type FieldSelector, parseFieldSelector } from "./fields/field-selector.ts";
export { escapeFieldValue, type FieldRequirement } from "./fields/field-terms.ts";
export { type FieldResource, selectableFields, supportedFields } from "./fields/selectable-fields.ts";

// Lists and watches
export { type ContinuePoint, decodeContinue, encodeContinue } from "./list/continue-token.ts";
export { isWatchQuery, type ListOptions, parseListOptions } from "./list/list-options.ts";

// Representations
export { type MetaVersion, negotiate, type NegotiateOptions, type Representation } from "./negotiate.ts";
export {
  AGGREGATED_DISCOVERY_CONTENT_TYPE,
  discoveryDocuments,
  type DiscoveryDocuments,
  type DiscoveryOptions,
} from "./discovery/documents.ts";
export type { DiscoveryResource, DiscoverySubresource } from "./discovery/discovery-resource.ts";
export {
  type ListMeta,
  partialObjectMetadata,
  type PartialObjectMetadata,
  partialObjectMetadataList,
  type PartialObjectMetadataList,
} from "./metadata/partial-object-metadata.ts";
export type { Cell } from "./table/cells.ts";
export type { TableColumn } from "./table/columns.ts";
export type { TableRowCondition } from "./table/pod-row.ts";
export {
  type IncludeObject,
  parseIncludeObject,
  type Table,
  tableColumns,
  type TableOptions,
  type TableRow,
  toTable,
} from "./table/table.ts";
export { durationToHuman } from "./duration.ts";
