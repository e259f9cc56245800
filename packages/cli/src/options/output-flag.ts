import type { ObjectOutput } from "../output/object-output.ts";
import { type Flag, flag } from "./flag.ts";

/** `--output` of a command that writes objects: one of `words`, of which the first is the default, or as the user says. */
export function objectOutputFlag<Word extends string>(words: readonly [Word, ...Word[]]): Flag {
  const [first] = words;
  return flag<unknown>(
    "-o, --output <FORMAT>",
    `one of ${words.join(", ")}, or jsonpath=TEMPLATE, or custom-columns=HEADING:PATH,…`,
    {
      values: [...words, "jsonpath=", "custom-columns="],
      default: { format: first } satisfies ObjectOutput<Word>,
      shown: first,
      // What reads paths is loaded when it is needed.
      complete: async (text) => (await import("../output/object-output.ts")).objectOutput(String(text), words),
    },
  );
}
