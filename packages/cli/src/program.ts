import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addCompletion } from "./commands/completion/command.ts";
import { addDemo } from "./commands/demo/command.ts";
import { addDoctor } from "./commands/doctor/command.ts";
import { addGet } from "./commands/get/command.ts";
import { addMerge } from "./commands/merge/command.ts";
import { addMetrics } from "./commands/metrics/command.ts";
import { addMonitor } from "./commands/monitor/command.ts";
import { addServe } from "./commands/serve/command.ts";
import { addSimulate } from "./commands/simulate/command.ts";
import { addStatus } from "./commands/status/command.ts";
import { addStream } from "./commands/stream/command.ts";
import { addWatch } from "./commands/watch/command.ts";
import { addVerify } from "./commands/verify/command.ts";
import type { CliIo } from "./io.ts";
import type { CommonOptions } from "./options/common-flags.ts";
import type { LogOptions } from "./options/log-flags.ts";
import { applyEnvironment, completeFlags } from "./options/environment.ts";

/** The parsed form of the command line. */
export interface Program {
  readonly command: Command;
  /** Whether the command that runs was told to log everything. */
  readonly verbose: boolean;
  /** How the command that runs logs; undefined: it has no log. */
  readonly log: LogOptions | undefined;
  /** Whether help was asked for about a command that there is not. It is refused as that command is. */
  readonly isUnknownTopic: (argv: readonly string[]) => boolean;
}

/** Parts of the help that belong to packages which are loaded only when the help needs them. */
export interface HelpTexts {
  /** What `--faults` takes. */
  readonly faults: () => string;
}

const SUMMARY = `krm keeps a copy of a Kubernetes cluster's state that programs read instead of the API server.
Every answer says how far it can be trusted.`;

const FOOTER = `
Start with:
  krm demo                        a simulated cluster, watched and served, in one process
  krm monitor --serve             the same for the cluster of your kubeconfig
  krm get pods -n kube-system     read from it
  krm doctor                      what is missing, and what to do about it

Every option is also an environment variable: --log-level is KRM_LOG_LEVEL. The command line wins.
Exit codes: 0 done, 1 failed, 2 wrong command line.`;

/** Declares all commands. What a command needs beyond its flags is loaded when it runs. */
export function createProgram(io: CliIo, texts: HelpTexts): Program {
  const command = new Command("krm");
  let verbose = false;
  let log: LogOptions | undefined;
  command
    .description(SUMMARY)
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [COMMAND]", "print the help of a command")
    .addHelpText("after", FOOTER)
    .usage("COMMAND [OPTIONS]")
    .configureHelp({ subcommandTerm: (each) => each.name() })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      // Help that was not asked for. Errors themselves are told by whoever runs the program.
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 100, 110),
      getErrHelpWidth: () => Math.min(io.stderr.columns ?? 100, 110),
    })
    .hook("preAction", async (_program, action) => {
      applyEnvironment(action, io.env);
      const options = action.opts<CommonOptions & Partial<LogOptions>>();
      const { logLevel, logFormat } = options;
      verbose = logLevel === "debug";
      log = logFormat === undefined ? undefined : { logLevel, logFormat };
      await completeFlags(action);
    });
  addDemo(command, io);
  addMonitor(command, io);
  addStream(command, io);
  addVerify(command, io);
  addMerge(command, io);
  addServe(command, io);
  addMetrics(command, io);
  addGet(command, io);
  addWatch(command, io);
  addStatus(command, io);
  addSimulate(command, io, texts.faults);
  addDoctor(command, io);
  addCompletion(command, io);
  return {
    command,
    get verbose() {
      return verbose;
    },
    get log() {
      return log;
    },
    isUnknownTopic: ([first, topic]) =>
      first === "help" &&
      topic !== undefined &&
      !topic.startsWith("-") &&
      ![...command.commands.map((each) => each.name()), "help"].includes(topic),
  };
}

function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
