/**
 * The fault matrix: one row for each trap of the protocol that is known (research: peers §6), for each fault of the
 * simulator, and for some together. Prints a line a row:
 *
 *     npm run faults -- [--seed 1] [--only PATTERN] [--seeds 1000] [--list]
 *
 * `--seeds`: histories for the row about false drift. Exit code 1 when a row is not ok.
 */
import { parseArgs } from "node:util";
import { reasonOf } from "../support/eventually.ts";
import { ROWS } from "./rows/index.ts";
import { rowLine } from "./row-line.ts";

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function options() {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      seeds: { type: "string", default: "1000" },
      list: { type: "boolean", default: false },
    },
  });
  const whole = (name: "seed" | "seeds"): number => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < 1)
      throw new Error(`--${name} is ${JSON.stringify(values[name])}; give a whole number from 1 on`);
    return value;
  };
  const pattern = new RegExp(values.only, "iu");
  const rows = ROWS.filter(({ name }) => pattern.test(name));
  if (rows.length === 0) throw new Error(`--only ${values.only}: no row has such a name; --list names them`);
  return { seed: whole("seed"), histories: whole("seeds"), rows, list: values.list };
}

async function main(): Promise<void> {
  let chosen: ReturnType<typeof options>;
  try {
    chosen = options();
  } catch (error) {
    process.stderr.write(`faults: ${reasonOf(error)}\n`);
    process.exitCode = 2;
    return;
  }
  const { seed, histories, rows, list } = chosen;
  if (list) {
    for (const { name } of rows) say(name);
    return;
  }
  const from = performance.now();
  const failed: string[] = [];
  for (const row of rows) {
    const { line, ok } = await rowLine(row, { seed, histories, brief: false });
    say(line);
    if (!ok) failed.push(row.name);
  }
  const seconds = Math.round((performance.now() - from) / 1000);
  say(`${rows.length - failed.length} of ${rows.length} rows ok in ${seconds} s, seed ${seed}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

await main();
