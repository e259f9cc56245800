// Routes and requests
export { DEFAULT_PORT, KUBERNETES_PATHS, listPath, PATHS, RESOURCE_ALIASES } from "./routes.ts";
export {
  formatListQuery,
  LIST_PARAMETERS,
  type ListParameter,
  type ListQuery,
  MAX_QUERY_LENGTH,
} from "./list-query.ts";
export { isDnsLabel, isDnsSubdomain } from "./dns-name.ts";
export { formatDuration, parseDuration } from "./duration.ts";

// Trust
export {
  formatFreshness,
  type Freshness,
  parseFreshness,
  VIEW_STATES,
  type ViewState,
  worstState,
} from "./freshness.ts";
export type { HeaderSource } from "./header-source.ts";
export { HEADERS } from "./headers.ts";
export { formatScope, type ListScope, parseScope } from "./scope.ts";
export { asksForLastContact, LAST_CONTACT_ANNOTATION, TELL } from "./told-contact.ts";
export { formatWarning, parseWarnings } from "./warning.ts";

// Answers
export type { ListBody, ListMetadata } from "./list-body.ts";
export type {
  ClockStatus,
  DelayMinuteStatus,
  DelaysStatus,
  EventLoopStatus,
  ExposureStatus,
  MergerStatus,
  MissedEventStatus,
  MissedType,
  ScopeStatusBody,
  StatusBody,
  ScopeErrorStatus,
  ShownStatus,
  StatusPhase,
  StatusProgress,
  StreamerStatus,
  VerifierStatus,
} from "./status-body.ts";

// Errors
export {
  ERROR_CAUSES,
  type ErrorBody,
  type ErrorCause,
  type ErrorCauseReason,
  hasCause,
  isErrorBody,
} from "./error-body.ts";
