import type { Clock } from "@krm/core";
import type { CliIo } from "../../io.ts";
import { drawTable, plainLine, type TableLine } from "../../monitoring/table.ts";
import { LiveRegion } from "../../terminal/live-region.ts";
import { hasColours, isTerminal, painter, type Paint } from "../../terminal/paint.ts";

const REDRAW_MS = 500;
const PLAIN_MS = 5000;

/**
 * Shows the live table: on a terminal drawn in place, with the log above it; elsewhere one line every few seconds.
 */
export class DemoDisplay {
  readonly #io: CliIo;
  readonly #clock: Clock;
  readonly #paint: Paint;
  readonly #region: LiveRegion | undefined;
  #showing = false;

  constructor(io: CliIo, clock: Clock) {
    this.#io = io;
    this.#clock = clock;
    this.#paint = painter(hasColours(io.stdout, io.env));
    this.#region = isTerminal(io.stdout, io.env) ? new LiveRegion(io.stdout) : undefined;
  }

  /** Writes a line of the log. */
  log(line: string): void {
    // Where the log goes elsewhere than the table, neither is in the other's way.
    if (this.#showing && this.#region !== undefined && this.#io.stderr.isTTY === true) this.#region.above(line);
    else this.#io.stderr.write(line);
  }

  /** Shows the table until aborted. */
  async show(read: () => Promise<readonly TableLine[]>, signal: AbortSignal): Promise<void> {
    this.#showing = true;
    while (!signal.aborted) {
      const lines = await read();
      if (this.#region === undefined) this.#io.stdout.write(`${plainLine(lines)}\n`);
      else this.#region.draw(drawTable(lines, this.#io.stdout.columns ?? 80, this.#paint));
      try {
        await this.#clock.sleep(this.#region === undefined ? PLAIN_MS : REDRAW_MS, { signal });
      } catch {
        return;
      }
    }
  }

  /** Leaves what is shown, with the cursor below it. */
  end(): void {
    if (this.#showing) this.#region?.end();
    this.#showing = false;
  }
}
