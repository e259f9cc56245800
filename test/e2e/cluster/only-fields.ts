/**
 * Refuses fields that are not known here: what a manifest asks for is done, or the test fails. It would be worth little if
 * it passed over what it does not imitate.
 */
export function onlyFields(object: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(object).find((field) => !known.includes(field));
  if (unknown !== undefined)
    throw new Error(
      `${where} has the field ${unknown}, which test/e2e/cluster does not carry out: teach it that first`,
    );
}
