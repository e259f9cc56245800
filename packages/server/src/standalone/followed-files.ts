import { readFile } from "node:fs/promises";
import { type Clock, KrmError, type Logger } from "@krm/core";

/** Files whose content is taken over as it changes. */
export interface FollowedFiles<T> {
  /** What the files held when they were last read and understood. */
  readonly current: T;
  /** Looks at the files until the signal aborts, and tells each change that was understood. Never rejects. */
  follow(signal: AbortSignal, changed?: (current: T) => void): Promise<void>;
}

/** How often the files are looked at. Their content counts: mounted Secrets change by a link, which no watch tells reliably. */
const LOOK_EVERY = 5000;

/**
 * Reads files together, and again when one changes. Content that is not understood, or a file that is missing for a
 * moment, leaves what was there before in force, and is logged.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` when the first reading fails.
 */
export async function followFiles<T>(options: {
  readonly files: readonly string[];
  /** Gets the texts in the order of `files`. Throws for what it does not understand. */
  readonly understand: (texts: readonly string[]) => T;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<FollowedFiles<T>> {
  const { files, clock, logger } = options;
  let texts = await readAll(files);
  let current = options.understand(texts);
  let complaint: string | undefined;

  const look = async (changed?: (current: T) => void): Promise<void> => {
    try {
      const now = await readAll(files);
      complaint = undefined;
      if (now.every((text, index) => text === texts[index])) return;
      // Taken note of before it is understood: a bad content is complained of once.
      texts = now;
      current = options.understand(now);
      changed?.(current);
      logger.info({ files }, "files have changed and were read again");
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message === complaint) return;
      complaint = message;
      logger.warn({ files, error: message }, "files could not be read again; what they held before stays in force");
    }
  };

  return {
    get current() {
      return current;
    },
    async follow(signal, changed) {
      while (!signal.aborted) {
        try {
          await clock.sleep(LOOK_EVERY, { signal });
        } catch {
          return;
        }
        await look(changed);
      }
    },
  };
}

async function readAll(files: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    files.map(async (file) => {
      try {
        return await readFile(file, "utf8");
      } catch (error) {
        throw new KrmError("KRM_INVALID_ARGUMENT", `cannot read ${file}: ${(error as Error).message}`, {
          cause: error,
          hint: "Name a file that this process can read.",
        });
      }
    }),
  );
}
