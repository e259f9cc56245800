/** Shorter answers are not compressed. Upstream `defaultGzipThresholdBytes`. */
export const GZIP_THRESHOLD_BYTES = 131_072;

/** zlib's level. Upstream `defaultGzipContentEncodingLevel`. */
export const GZIP_LEVEL = 1;

/** Tells whether an `Accept-Encoding` header names gzip. Its weight does not matter upstream either. */
export function acceptsGzip(header: string | undefined): boolean {
  return (header ?? "").split(",").some((part) => part.split(";")[0]?.trim().toLowerCase() === "gzip");
}
