/** What `readAndWatch` tells of a cluster of twenty pods, one of which is labelled `seen=yes` once it is watched. */
export const STEPS: readonly string[] = [
  "20 pods, synced",
  "again 20, not sent",
  'bytes begin {"kind":"PodList"',
  "one Pod true",
  "none true",
  "mirrored 20, true",
  "synced after 20",
  "modified yes",
  "ended true",
];
