/** Throws where nobody can catch it: what a callback of the user's throws is not the business of who calls it. */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
