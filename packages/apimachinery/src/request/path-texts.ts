/** The text, not a Status, that answers a path outside of every group that is served. */
export const PAGE_NOT_FOUND = "404 page not found\n";

/**
 * What `/version` answers for a server that follows the rules of kube-apiserver v1.36, with `gitCommit` to say whose
 * binary it is. Of the build there is nothing to tell.
 */
export function versionInfo(gitCommit: string): object {
  return {
    major: "1",
    minor: "36",
    emulationMajor: "1",
    emulationMinor: "36",
    minCompatibilityMajor: "1",
    minCompatibilityMinor: "35",
    gitVersion: "v1.36.2",
    gitCommit,
    gitTreeState: "",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "none",
    platform: "linux/amd64",
  };
}
