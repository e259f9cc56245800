import { ERROR_RULES, type ErrorMeaning, type ErrorRule } from "./error-rules.ts";
import type { RedisTarget } from "./redis-target.ts";

/** An error and what caused it, outermost first; of several that came together (one for each address) the first. */
export function causes(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  let current = error;
  while (current instanceof Error && chain.length < 10) {
    chain.push(current);
    current =
      current instanceof AggregateError
        ? current.errors[0]
        : (current.cause ?? (current as { lastNodeError?: unknown }).lastNodeError);
  }
  return chain;
}

/** What an error of the client, of the network or of the server means. */
export interface Explanation {
  /** Undefined: it is none of those known here. */
  readonly meaning: ErrorMeaning | undefined;
  /** The error's own words: a code, or what the server answered. */
  readonly words: string;
}

/** @param sentinel whether it was a Sentinel that failed, and not the server itself */
export function explain(error: unknown, target: RedisTarget, sentinel: boolean): Explanation {
  // What caused it says more than what came of it.
  const chain = causes(error).toReversed();
  for (const link of chain) {
    const rule = ERROR_RULES.find((rule) => fits(rule, link));
    if (rule === undefined) continue;
    const meaning = typeof rule.meaning === "function" ? rule.meaning(target, sentinel) : rule.meaning;
    return { meaning, words: wordsOf(link, target) };
  }
  return { meaning: undefined, words: chain[0] === undefined ? String(error) : wordsOf(chain[0], target) };
}

function wordsOf(error: Error, target: RedisTarget): string {
  const { code, address, port } = error as { code?: unknown; address?: unknown; port?: unknown };
  if (typeof code === "string" && error.name !== "ReplyError") {
    // Which one it was, where the target is several.
    return target.type === "single" || typeof address !== "string" ? code : `${code} ${address}:${String(port)}`;
  }
  // What follows are arguments as they were sent.
  const words = error.message.replace(/, with args beginning with:.*$/s, "").slice(0, 300);
  return words.startsWith("Stream isn't writeable") ? "not connected" : words;
}

function fits(rule: ErrorRule, error: Error): boolean {
  const { code } = error as { code?: unknown };
  const [first = ""] = error.message.split(" ", 1);
  return (
    (typeof code === "string" && (rule.codes?.includes(code) ?? false)) ||
    (error.name === "ReplyError" && (rule.replies?.includes(first) ?? false)) ||
    (rule.words?.test(error.message) ?? false)
  );
}
