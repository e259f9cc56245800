// A vitest reporter that writes what a run came to as JSON, to the file that KRM_TEST_SUMMARY names.
import { writeFileSync } from "node:fs";

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: 0, skipped: [], unhandled: unhandledErrors.length };
    for (const module of modules) {
      let failures = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") summary.passed++;
        else if (result.state === "failed") failures++;
        else summary.skipped.push({ file: module.relativeModuleId, name: test.fullName, note: result.note });
      }
      // A file that failed outside any test (an import, a hook) is a failure too.
      if (failures === 0 && module.state() === "failed") failures = 1;
      summary.failed += failures;
    }
    writeFileSync(process.env.KRM_TEST_SUMMARY, JSON.stringify(summary));
  }
}
