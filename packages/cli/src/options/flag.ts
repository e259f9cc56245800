import { Option } from "commander";
import { UsageError } from "../errors/usage-error.ts";
import { ParseError } from "./parse-error.ts";

/** How a flag is read. */
export interface FlagOptions<T> {
  /** Left out: any text. Never called for a switch. */
  readonly parse?: (text: string) => T;
  /**
   * The second half of reading, for what has to be loaded first: takes what `parse` gave, once, for the value that
   * counts, before the command runs. What it throws is told as what `parse` throws.
   */
  readonly complete?: (value: T) => Promise<unknown>;
  readonly default?: T;
  /** How the default is shown in the help. */
  readonly shown?: string;
  /** Flags that cannot stand beside it, as `--name`. It is enough that one of the two says so. */
  readonly excludes?: readonly string[];
  /** Values that a shell can offer. */
  readonly values?: readonly string[];
}

/**
 * One flag of a command, which is also an environment variable: `--log-level` is `KRM_LOG_LEVEL`. A wrong value is a
 * `UsageError` that names whichever of the two it came from.
 */
export class Flag extends Option {
  /** The environment variable. */
  readonly variable: string;
  /** Values that a shell can offer: these, and others may be. */
  readonly values: readonly string[];
  readonly #excludes: readonly string[];
  readonly #parse: ((text: string) => unknown) | undefined;
  readonly #complete: ((value: unknown) => Promise<unknown>) | undefined;

  constructor(flags: string, description: string, options: FlagOptions<unknown> = {}) {
    super(flags, description);
    this.variable = `KRM_${(this.long ?? "").slice(2).toUpperCase().replaceAll("-", "_")}`;
    this.values = options.values ?? [];
    // `--no-headers` is a switch like any other, not the end of a `--headers` that there is not.
    this.negate = false;
    this.#excludes = options.excludes ?? [];
    this.#parse = options.parse;
    this.#complete = options.complete;
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
      throw usageError(error, origin);
    }
  }

  /** Reads the rest of a value; `origin` is the name under which it was given. */
  async complete(value: unknown, origin: string): Promise<unknown> {
    try {
      return this.#complete === undefined ? value : await this.#complete(value);
    } catch (error) {
      throw usageError(error, origin);
    }
  }
}

/** A `KrmError` is known by its code: to load its package for that would cost every command its start. */
function usageError(error: unknown, origin: string): unknown {
  const { code, hint } = (error ?? {}) as { readonly code?: unknown; readonly hint?: unknown };
  if (!(error instanceof ParseError || (error instanceof Error && code === "KRM_INVALID_ARGUMENT"))) return error;
  return new UsageError(`${origin}: ${error.message}`, typeof hint === "string" ? hint : undefined);
}

/** A flag that may come several times; its parser gives a list, and the lists are joined. */
export class RepeatableFlag extends Flag {
  constructor(flags: string, description: string, options: Omit<FlagOptions<readonly unknown[]>, "complete">) {
    super(flags, description, options);
    this.argParser<readonly unknown[] | undefined>((text, before) => [
      ...(before ?? []),
      ...(this.read(text, this.long ?? flags) as readonly unknown[]),
    ]);
  }
}

/** Makes a flag that takes a value. */
export function flag<T>(flags: string, description: string, options: FlagOptions<T> = {}): Flag {
  const { complete, ...rest } = options;
  // What `complete` gets is what `parse` gave.
  const completing = complete === undefined ? {} : { complete: async (value: unknown) => complete(value as T) };
  return new Flag(flags, description, { ...rest, ...completing });
}

/** As it is written on the command line: without the quotation marks that JSON would put. */
function shownDefault(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
