import { Option } from "commander";
import { UsageError } from "../errors/usage-error.ts";
import { ParseError } from "./parse-error.ts";

/** How a flag is read. */
export interface FlagOptions<T> {
  /** Left out: any text. Never called for a switch. */
  readonly parse?: (text: string) => T;
  readonly default?: T;
  /** How the default is shown in the help. */
  readonly shown?: string;
  /** Flags that cannot stand beside it, as `--name`. It is enough that one of the two says so. */
  readonly excludes?: readonly string[];
}

/**
 * One flag of a command, which is also an environment variable: `--log-level` is `KRM_LOG_LEVEL`. A wrong value is a
 * `UsageError` that names whichever of the two it came from.
 */
export class Flag extends Option {
  /** The environment variable. */
  readonly variable: string;
  readonly #excludes: readonly string[];
  readonly #parse: ((text: string) => unknown) | undefined;

  constructor(flags: string, description: string, options: FlagOptions<unknown> = {}) {
    super(flags, description);
    this.variable = `KRM_${(this.long ?? "").slice(2).toUpperCase().replaceAll("-", "_")}`;
    this.#excludes = options.excludes ?? [];
    this.#parse = options.parse;
    if (options.default !== undefined) this.default(options.default, options.shown ?? shownDefault(options.default));
    if (!this.isBoolean()) this.argParser((text) => this.read(text, this.long ?? flags));
  }

  /** Whether the two cannot stand side by side. */
  excludes(other: Flag): boolean {
    return this.#excludes.includes(other.long ?? "") || other.#excludes.includes(this.long ?? "");
  }

  /** Reads a value; `origin` is the name under which it was given. */
  read(text: string, origin: string): unknown {
    try {
      return this.#parse === undefined ? text : this.#parse(text);
    } catch (error) {
      if (error instanceof ParseError) throw new UsageError(`${origin}: ${error.message}`);
      throw error;
    }
  }
}

/** A flag that may come several times; its parser gives a list, and the lists are joined. */
export class RepeatableFlag extends Flag {
  constructor(flags: string, description: string, options: FlagOptions<readonly unknown[]>) {
    super(flags, description, options);
    this.argParser<readonly unknown[] | undefined>((text, before) => [
      ...(before ?? []),
      ...(this.read(text, this.long ?? flags) as readonly unknown[]),
    ]);
  }
}

/** Makes a flag that takes a value. */
export function flag<T>(flags: string, description: string, options: FlagOptions<T> = {}): Flag {
  return new Flag(flags, description, options);
}

/** As it is written on the command line: without the quotation marks that JSON would put. */
function shownDefault(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
