/** Where text goes: `process.stdout` and `process.stderr` fit as they are. */
export interface OutputStream {
  write(text: string): unknown;
  /** True: a person reads along on a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Width of that terminal, in characters. */
  readonly columns?: number | undefined;
  /** Its height, in lines. */
  readonly rows?: number | undefined;
}

/** Everything of the process that a command touches. Nothing else here reads the environment or writes output. */
export interface CliIo {
  /** Results. */
  readonly stdout: OutputStream;
  /** Logs, progress, errors. */
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts when the user or the system asks to end. */
  readonly signal: AbortSignal;
}
