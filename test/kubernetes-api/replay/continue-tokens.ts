import { decodeContinue, encodeContinue } from "@krm/apimachinery";

/** A body whose continue token is as the API server's: KRM's own holds the name of a view behind the key. */
export function withoutViewNames(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("metadata" in body)) return body;
  const metadata = body.metadata as { readonly continue?: unknown };
  const token = metadata.continue;
  if (typeof token !== "string") return body;
  const { resourceVersion, start } = decodeContinue(token);
  if (resourceVersion === "-1") return body;
  const plain = encodeContinue({ resourceVersion, start: `/${start.slice(0, start.indexOf("\0") + 1)}` });
  return { ...body, metadata: { ...metadata, continue: plain } };
}
