/** A URL without what may be a password in it, for messages. */
export function redactedUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // `proxy.example.test:3128` is a URL too, of the scheme `proxy.example.test`.
  if (parsed === undefined || parsed.host === "") return JSON.stringify(url.slice(url.lastIndexOf("@") + 1));
  return `${parsed.protocol}//${parsed.host}`;
}
