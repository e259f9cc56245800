const MOST_CHARACTERS = 300;

/** The body of an error, as the kinds of InfluxDB write it. */
interface ErrorBody {
  /** 1.x and 3.x. */
  readonly error?: unknown;
  /** 2.x. */
  readonly message?: unknown;
  /** 3.x: the lines that it did not take. */
  readonly data?: unknown;
}

/** A line that InfluxDB 3 did not take. */
export interface LineError {
  readonly message: string;
}

/** What the body of an error says. */
export interface ServerWords {
  /** The message; the body itself where it is no JSON. */
  readonly text: string;
  /** One for each line that was not taken; empty where the server does not tell them one by one. */
  readonly lines: readonly LineError[];
}

/** Reads the body of an error of InfluxDB 1, 2 or 3, or of whatever stands in front of it. */
export function serverWords(body: string): ServerWords {
  const parsed = parseObject(body);
  if (parsed === undefined) return { text: body.trim(), lines: [] };
  const { error, message, data } = parsed;
  const text = [message, error].find((words) => typeof words === "string" && words !== "") as string | undefined;
  return { text: text ?? body.trim(), lines: lineErrors(data) };
}

/** In one line, and short enough for a log. */
export function shortened(words: string): string {
  const flat = words.replaceAll(/\s+/g, " ").trim();
  return flat.length > MOST_CHARACTERS ? `${flat.slice(0, MOST_CHARACTERS)}…` : flat;
}

function parseObject(body: string): ErrorBody | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function lineErrors(data: unknown): readonly LineError[] {
  const list: unknown[] = Array.isArray(data) ? data : data === undefined || data === null ? [] : [data];
  return list.map((entry) => {
    const { error_message: message } = (entry ?? {}) as { readonly error_message?: unknown };
    return { message: typeof message === "string" ? message : "" };
  });
}
