/** Any text. */
export const text = { type: "string" };

/** A whole number. */
export const integer = { type: "integer" };

/** Whatever JSON object. */
export const anyObject = { type: "object" };

/** An answer in JSON. */
export function json(schema: object): object {
  return { "application/json": { schema } };
}

/** A schema among the components. */
export function schemaRef(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

/** A parameter of the query. */
export function queryParameter(name: string, description: string, schema: object = text): object {
  return { name, in: "query", description, schema };
}

/** A part of the path. */
export function pathParameter(name: string, description: string): object {
  return { name, in: "path", required: true, description, schema: text };
}

/** A header of the request. */
export function headerParameter(name: string, description: string): object {
  return { name, in: "header", description, schema: text };
}

/** Headers of an answer, by name. */
export function answerHeaders(descriptions: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [name, { description, schema: text }]),
  );
}

/** An answer in plain text. */
export function textAnswer(description: string): object {
  return { description, content: { "text/plain": { schema: text } } };
}

/** What a refusal with each HTTP status means. */
const REFUSALS = {
  400: "The request is malformed: a parameter that does not exist, or whose value cannot be.",
  401: "Nobody is known by the token or certificate, or none was brought.",
  403: "The reader may not, or the namespace is not watched.",
  404: "There is no such object, or the resource or namespace is not watched.",
  405: "Only GET and HEAD are answered.",
  406: "None of the forms that Accept names can be made.",
  410: "The version or page is forgotten: list anew.",
  413: "The list is larger than one answer may be: ask for pages.",
  422: "Parameters exclude each other.",
  429: "The user has as many watches, or requests that are sent on, as one may have.",
  502: "The API server does not answer what was sent on to it.",
  503: "There is no view yet, or who may read cannot be found out.",
  504: "The answer would be older than was demanded, or the API server does not answer in time.",
} as const;

/** An HTTP status of a refusal. */
export type RefusalCode = keyof typeof REFUSALS;

const RETRY = { "Retry-After": { description: "Seconds to wait.", schema: integer } };

/** A Kubernetes Status for each of these, and for whatever else may go wrong. */
export function refusals(...codes: readonly RefusalCode[]): object {
  const content = json(schemaRef("Status"));
  const told = codes.map((code) => [
    code,
    {
      description: REFUSALS[code],
      ...(code === 429 || code === 503 || code === 504 ? { headers: RETRY } : {}),
      content,
    },
  ]);
  return { ...Object.fromEntries(told), default: { description: "A Kubernetes Status.", content } };
}
