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
  continueExpired,
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
  versionExpired,
  wrongRepresentation,
} from "./status/status-errors.ts";

// Label selectors
export { type LabelSelector, parseLabelSelector } from "./labels/label-selector.ts";
export type { LabelOperator, LabelRequirement } from "./labels/requirement.ts";

// Field selectors
export { type FieldSelector, parseFieldSelector } from "./fields/field-selector.ts";
export { escapeFieldValue, type FieldRequirement } from "./fields/field-terms.ts";
export { fieldPath, type FieldResource, selectableFields, supportedFields } from "./fields/selectable-fields.ts";

// Lists and watches
export { type ContinuePoint, decodeContinue, encodeContinue } from "./list/continue-token.ts";
export { isWatchQuery, type ListOptions, parseListOptions } from "./list/list-options.ts";

// Requests
export { requestInfo, type RequestInfo, type ResourceRequestInfo, watchQuery } from "./request/request-info.ts";
export { PAGE_NOT_FOUND, versionInfo } from "./request/path-texts.ts";

// Representations
export {
  type DiscoveryVersion,
  type MetaVersion,
  negotiate,
  type NegotiateOptions,
  type Representation,
} from "./negotiate.ts";
export { acceptsGzip, GZIP_LEVEL, GZIP_THRESHOLD_BYTES } from "./representation/compression.ts";
export { type ObjectView, readObjectView } from "./representation/object-view.ts";
export { type ListEnvelope, listEnvelope, objectHead } from "./representation/envelope.ts";
export { goJson, goMapJson } from "./text/go-json.ts";
export { ExactNumber, parseExact } from "./text/exact-number.ts";
export { goYaml } from "./text/yaml.ts";
export { categoriesOf, inGroupOrder } from "./discovery/well-known.ts";
export {
  aggregatedAs,
  aggregatedContentType,
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
export { bookmarkObject, type BookmarkObject, EMPTY_NODE_INFO } from "./representation/bookmark-object.ts";
export type { Cell } from "./table/cells.ts";
export type { TableColumn } from "./table/columns.ts";
export { podStatus, type TableRowCondition } from "./table/pod-row.ts";
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
export { parseQuantity } from "./text/quantity.ts";
