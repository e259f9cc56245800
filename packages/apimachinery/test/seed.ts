/** The seed of all property tests: a failure is reproduced by running the test again. */
export const SEED = 20_261_123;
