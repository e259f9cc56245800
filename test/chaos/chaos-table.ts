import type { ChaosOutcome } from "./run-chaos.ts";

/** A chaos run's outcome, for people. */
export function chaosTable(outcome: ChaosOutcome): string {
  const width = Math.max(...outcome.processes.map(({ name }) => name.length));
  const lines = [
    `${"PROCESS".padEnd(width)}  STARTS  KILLED  ENDED BY ITSELF  PEAK MIB`,
    ...outcome.processes.map(({ name, starts, kills, failures, peakMib }) =>
      [
        name.padEnd(width),
        String(starts).padStart(6),
        String(kills).padStart(6),
        String(failures.length).padStart(15),
        String(peakMib).padStart(8),
      ].join("  "),
    ),
    "",
    ...[...outcome.faults]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([fault, count]) => `${String(count).padStart(4)} x ${fault}`),
    "",
    ...[...outcome.equal].map(([resource, count]) => `${count} ${resource}: equal on both servers, byte for byte`),
    `right ${outcome.recoveredSeconds.toFixed(1)} s after the cluster kept still; Redis holds ${outcome.redisMib.toFixed(1)} MiB`,
    ...outcome.problems.map((problem) => `PROBLEM ${problem}`),
  ];
  return lines.join("\n");
}
