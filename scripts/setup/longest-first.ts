import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, so that none of them is left for the end, where the other cores have nothing to do. */
const LONGEST = [
  "test/chaos/",
  "test/faults/",
  "packages/cli/test/roles",
  "packages/cli/test/metrics-command",
  "packages/keyv-store/test/postgres",
  "test/acceptance/",
  "packages/cli/test/doctor",
  "test/cascade/",
];

/** Begins with the longest files; the others in vitest's own order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((part) => moduleId.includes(`/${part}`));
      return at === -1 ? LONGEST.length : at;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's own, not an array's
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => rank(a) - rank(b));
  }
}
