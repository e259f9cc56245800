/** What one exchange with the database came to. */
export type Reply =
  | {
      readonly type: "answer";
      readonly status: number;
      /** Of an answer that is no JSON the first 1,000 characters. */
      readonly body: string;
      /** The header, as it came. */
      readonly retryAfter: string | undefined;
    }
  /** None came, or none that was whole: whether the lines were written is not known. `code` is Node.js' own. */
  | { readonly type: "no-answer"; readonly code: string; readonly words: string }
  /** Not over after so many milliseconds, and broken off. */
  | { readonly type: "timeout"; readonly ms: number }
  /** Broken off by who asked. */
  | { readonly type: "aborted" };
