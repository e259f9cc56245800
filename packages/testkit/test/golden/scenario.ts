import { readdirSync, readFileSync } from "node:fs";

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly as?: string;
  readonly anonymous?: boolean;
  readonly runsBesideNextSteps?: boolean;
}

export interface RecordedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  readonly stream?: readonly unknown[];
}

export interface Exchange {
  readonly request: RecordedRequest;
  readonly response: RecordedResponse;
}

export interface Scenario {
  /** `05-watch-lifecycle` */
  readonly name: string;
  readonly note: string;
  readonly steps: readonly (Exchange | { readonly objects: readonly unknown[] })[];
}

const FOLDER = new URL("../../golden/", import.meta.url);

/** All recorded scenarios, in the order in which they ran. */
export function loadScenarios(): Scenario[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .map((file) => {
      const { note, steps } = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Omit<Scenario, "name">;
      return { name: file.replace(/\.json$/, ""), note, steps };
    });
}

export function isExchange(step: Scenario["steps"][number]): step is Exchange {
  return "request" in step;
}

/** How a step is called in reports: `05/3 DELETE /api/v1/namespaces/rec/pods/w1`. */
export function stepName(scenario: Scenario, index: number): string {
  const step = scenario.steps[index];
  const what = step !== undefined && isExchange(step) ? `${step.request.method} ${step.request.path}` : "objects";
  return `${scenario.name.slice(0, 2)}/${index} ${what}`;
}
