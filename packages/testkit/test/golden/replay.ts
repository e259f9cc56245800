import { SimApiServer, type TlsMaterial } from "@krm/testkit";
import { type Answer, GoldenClient } from "./http-client.ts";
import { isDiscovery, recordedOf, servedOf } from "./discovery.ts";
import { Side } from "./normalise.ts";
import { type Exchange, isExchange, type Scenario } from "./scenario.ts";
import { World } from "./world.ts";

/** One step on both sides, normalised: equal where the imitation is right. */
export interface Outcome {
  readonly recorded: Comparable;
  readonly replayed: Comparable;
}

export interface Comparable {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** One parsed value, the lines of a stream, or a text. */
  readonly body: unknown;
}

/** Whoever answers, in place of the simulated API server, all but the writes that succeeded. */
export interface Reader extends AsyncDisposable {
  /** Sends a request once the reader knows all that the cluster holds by now. */
  answer(exchange: Exchange): Promise<Answer>;
  /** A recorded body as this reader has to answer it. */
  recorded(body: unknown): unknown;
  /** An answered body without what no recording can have. */
  replayed(body: unknown): unknown;
}

/** Versions at which scenarios began whose own steps do not tell. */
const BEGINS_AT: Readonly<Record<string, bigint>> = {
  "08-watch-ends-and-errors": 238n,
  "09-errors": 241n,
  "14-expired": 293n,
};
/** Headers of which scenario 14 holds no record. */
const NOT_RECORDED_IN_14 = ["cache-control", "transfer-encoding"];
/** Depends on the length of the body: other resources, another length. */
const SIZE = ["transfer-encoding"];
/** What is not answered within this time is refused with 504. */
const FRESHNESS_TIMEOUT_MS = 3000;

/**
 * Replays the scenarios up to `name` and gives the outcomes of that one, by step. What went before has to be there: the
 * scenarios ran one after another on one cluster. With `reader`, the outcomes are of what it answers.
 */
export async function replay(
  scenarios: readonly Scenario[],
  name: string,
  tls: TlsMaterial,
  readBy?: (world: World) => Promise<Reader>,
): Promise<Map<number, Outcome>> {
  const world = new World(scenarios);
  await using server = new SimApiServer({ cluster: world.cluster, tls });
  await server.listen();
  await using reader = await readBy?.(world);
  const client = new GoldenClient(server);
  const sides = { recorded: new Side(), replayed: new Side() };
  let outcomes = new Map<number, Outcome>();
  for (const scenario of scenarios) {
    outcomes = await new ScenarioReplay({ scenario, world, server, client, reader, sides }).run();
    if (scenario.name === name) break;
  }
  client.close();
  return outcomes;
}

interface ReplayInput {
  readonly scenario: Scenario;
  readonly world: World;
  readonly server: SimApiServer;
  readonly client: GoldenClient;
  readonly reader: Reader | undefined;
  readonly sides: { readonly recorded: Side; readonly replayed: Side };
}

class ScenarioReplay {
  readonly #open = new Map<number, Promise<Answer>>();
  readonly #input: ReplayInput;

  constructor(input: ReplayInput) {
    this.#input = input;
  }

  async run(): Promise<Map<number, Outcome>> {
    const outcomes = new Map<number, Outcome>();
    const { name, steps } = this.#input.scenario;
    const begins = BEGINS_AT[name];
    if (begins !== undefined) this.#input.world.advanceTo(begins);
    if (name === "14-expired") this.#input.world.cluster.compact();
    for (const [index, step] of steps.entries()) {
      const { reader } = this.#input;
      if (reader === undefined) await this.#openWatches(index);
      if (!isExchange(step)) continue;
      this.#prepare(step);
      if (reader !== undefined && !isWrite(step)) {
        outcomes.set(index, this.#compareRead(step, await reader.answer(step), reader));
        continue;
      }
      const answer = this.#open.has(index) ? await this.#collect(index, step) : await this.#send(step);
      outcomes.set(index, this.#compare(step, answer));
    }
    return outcomes;
  }

  /** Opens the watches that ran beside this step: those behind the block of writes that begins here. */
  async #openWatches(index: number): Promise<void> {
    const { steps } = this.#input.scenario;
    if (isWrite(steps[index - 1])) return;
    let end = index;
    while (isWrite(steps[end])) end += 1;
    const step = steps[end];
    if (step === undefined || !isExchange(step) || step.request.runsBesideNextSteps !== true) return;
    const next = steps[index];
    if (next !== undefined && isExchange(next)) this.#prepare(next);
    const { done } = await this.#input.client.open(step.request, undefined);
    this.#open.set(end, done);
  }

  /** Ends a watch, by its own timeout where it asked for one, and takes all that it told. */
  async #collect(index: number, step: Exchange): Promise<Answer> {
    const seconds = new URL(step.request.path, "http://x").searchParams.get("timeoutSeconds");
    if (seconds !== null && /^\d+$/.test(seconds)) await this.#input.world.clock.advance(Number(seconds) * 1000);
    else this.#input.server.endWatches();
    return this.#open.get(index) as Promise<Answer>;
  }

  async #send(step: Exchange): Promise<Answer> {
    const { body } = step.request;
    const text = typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body);
    const sent =
      text === undefined ? undefined : this.#input.sides.replayed.translate(text, this.#input.sides.recorded);
    const opened = this.#input.client.open(step.request, sent);
    if (step.response.status === 504) {
      await this.#input.world.clock.untilSleeping();
      await this.#input.world.clock.advance(FRESHNESS_TIMEOUT_MS);
    }
    return (await opened).done;
  }

  /** Brings the world to where it was when this step was answered. */
  #prepare({ request, response }: Exchange): void {
    const version = versionBefore(request, response);
    if (version !== undefined) this.#input.world.advanceTo(version);
    const time = timeOf(request, response);
    if (time !== undefined) this.#input.world.clock.setNow(time);
  }

  #compareRead({ response }: Exchange, answer: Answer, reader: Reader): Outcome {
    const { recorded, replayed } = this.#input.sides;
    const expected = recorded.json(reader.recorded(response.stream ?? response.json ?? response.text));
    const actual = replayed.json(reader.replayed(parse(response, answer.text)));
    const unknown = this.#input.scenario.name === "14-expired" ? NOT_RECORDED_IN_14 : SIZE;
    return {
      recorded: { status: response.status, headers: without(response.headers, unknown), body: expected },
      replayed: { status: answer.status, headers: without(answer.headers, unknown), body: cut(expected, actual) },
    };
  }

  #compare({ response }: Exchange, answer: Answer): Outcome {
    const { recorded, replayed } = this.#input.sides;
    const expected = recorded.json(servedOf(response.stream ?? response.json ?? response.text));
    const actual = replayed.json(recordedOf(parse(response, answer.text), response.json));
    const unknown =
      this.#input.scenario.name === "14-expired" ? NOT_RECORDED_IN_14 : isDiscovery(response.json) ? SIZE : [];
    return {
      recorded: { status: response.status, headers: without(response.headers, unknown), body: expected },
      replayed: { status: answer.status, headers: without(answer.headers, unknown), body: cut(expected, actual) },
    };
  }
}

function parse(response: Exchange["response"], text: string): unknown {
  if (response.stream !== undefined) {
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as unknown);
  }
  if (response.json === undefined) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // which then differs from what was recorded, and is shown
  }
}

function without(headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

/** Long texts were recorded to a part of their length. */
function cut(expected: unknown, actual: unknown): unknown {
  return typeof expected === "string" && typeof actual === "string" && expected.length > 1000
    ? actual.slice(0, expected.length)
    : actual;
}

/** Tells whether a step is a write that succeeded. */
export function isWrite(step: Scenario["steps"][number] | undefined): boolean {
  return step !== undefined && isExchange(step) && step.request.method !== "GET" && step.response.status < 300;
}

interface Recorded {
  readonly message?: string;
  readonly metadata?: {
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
    readonly managedFields?: readonly { readonly time: string }[];
  };
}

/** The version that the cluster had when a step came, as its answer tells it. */
function versionBefore(request: Exchange["request"], response: Exchange["response"]): bigint | undefined {
  const { message = "", metadata } = (response.json ?? {}) as Recorded;
  const current = /Too large resource version: \d+, current: (\d+)/.exec(message)?.[1];
  if (current !== undefined) return BigInt(current);
  const version = metadata?.resourceVersion;
  if (version === undefined || response.status >= 300) return undefined;
  if (request.method !== "GET") {
    // A graceful deletion that ends at once takes two versions: one to mark, one to delete.
    const twice = request.method === "DELETE" && metadata?.deletionGracePeriodSeconds === 0;
    return BigInt(version) - (twice ? 2n : 1n);
  }
  const query = new URL(request.path, "http://x").searchParams;
  const isList = "items" in (response.json as object) || "rows" in (response.json as object);
  return isList && !query.has("continue") && query.get("resourceVersionMatch") !== "Exact"
    ? BigInt(version)
    : undefined;
}

/** The time at which a write was made, as its answer tells it. */
function timeOf(request: Exchange["request"], response: Exchange["response"]): number | undefined {
  const { metadata } = (response.json ?? {}) as Recorded;
  if (request.method === "GET" || metadata === undefined) return undefined;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, managedFields = [] } = metadata;
  if (deletionTimestamp !== undefined) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  const times = managedFields.map(({ time }) => Date.parse(time));
  return times.length === 0 ? undefined : Math.max(...times);
}
