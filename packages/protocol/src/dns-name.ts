const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Whether a text can be a segment of a path that names a namespace, a version or a plural: a DNS label of RFC 1123. What is
 * none, such as `..`, can lead a request to another path, and no encoding keeps it from that.
 */
export function isDnsLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Whether a text can name a group, or a plural with its group: DNS labels with dots between, 253 characters at most. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every(isDnsLabel);
}
