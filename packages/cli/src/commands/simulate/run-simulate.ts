import { formatDuration } from "@krm/protocol";
import { parseFaults } from "@krm/testkit";
import { writeKubeconfig } from "../../files/write-kubeconfig.ts";
import type { CliIo } from "../../io.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { formatHostPort } from "../../options/listen-address.ts";
import { openRecording, type Recording } from "../../simulation/record-file.ts";
import { startSimulation } from "../../simulation/simulation.ts";
import { listenHint } from "../../listening/listen-hint.ts";
import { untilEnded } from "../../until-ended.ts";
import type { SimulateOptions } from "./command.ts";
import { simulateText } from "./text.ts";

/** Serves a simulated cluster until it is told to end. */
export async function runSimulate(options: SimulateOptions, io: CliIo): Promise<void> {
  const {
    pods,
    nodes,
    churn,
    seed,
    clockOffset,
    listen,
    quietAfter,
    record,
    writeKubeconfig: file,
    logLevel,
  } = options;
  const faults = parseFaults(options.faults);
  const logger = commandLogger(io, { logLevel, logFormat: "text" });
  await using resources = new AsyncDisposableStack();
  let recording: Recording | undefined;
  if (record !== undefined) recording = resources.use(await openRecording(record));
  const simulation = resources.use(
    await listenHint(
      startSimulation({
        pods,
        nodes,
        churn,
        seed,
        faults,
        clockOffsetMs: clockOffset,
        nodeLeases: true,
        listen,
        signal: io.signal,
        quietAfterMs: quietAfter,
        onCluster: (cluster) => recording?.start(cluster),
        onQuiet: () =>
          logger.info({}, `quiet after ${formatDuration(quietAfter ?? 0)}: no more changes, no more faults`),
      }),
      formatHostPort(listen),
    ),
  );
  const kubeconfig = resources.use(await writeKubeconfig(simulation.server.kubeconfig(), file));
  io.stdout.write(
    simulateText({
      url: simulation.server.url,
      kubeconfig: kubeconfig.file,
      options,
      cluster: simulation.cluster,
    }),
  );
  await untilEnded(io.signal, [simulation.done, ...(recording === undefined ? [] : [recording.failed])]);
}
