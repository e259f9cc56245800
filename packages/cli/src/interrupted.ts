import { EXIT } from "./exit-code.ts";

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 } as const;

/** The reason with which a command is asked to end. */
export class Interrupted extends Error {
  override readonly name = "AbortError";
  /** What a shell expects of a process that ended by this signal. */
  readonly exitCode: number;

  constructor(signal: keyof typeof NUMBERS) {
    super(`ended by ${signal}`);
    this.exitCode = signal === "SIGINT" ? EXIT.interrupted : 128 + NUMBERS[signal];
  }
}
