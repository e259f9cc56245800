/** A line of the test's own among vitest's: what took how long. */
export function say(text: string): void {
  process.stdout.write(`[e2e] ${text}\n`);
}
