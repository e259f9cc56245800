/** What a process of the bench can be asked: each name with what it takes and answers. */
export type Procedures = Record<string, (...args: never[]) => unknown>;

/** Asks for one procedure. The answer carries the same id. */
export interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What a process sends: that it is there, or how a call ended. */
export type Message =
  | { readonly type: "ready" }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | { readonly type: "failed"; readonly id: number; readonly error: string };

/** What every process of the bench can be asked besides its own. */
export interface Metered {
  /** Counts CPU time from here on; where profiles are wanted, begins one of this name. */
  begin(phase: string): Promise<void>;
  /** User and system time since then, in milliseconds. */
  end(): Promise<number>;
  /** Ends the process in good order. */
  leave(): Promise<void>;
}

/** Wall clock with fractions of a millisecond: the same in all processes of one machine. */
export function wallNow(): number {
  return performance.timeOrigin + performance.now();
}
