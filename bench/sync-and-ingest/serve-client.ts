import type { Answer, Command } from "./messages.ts";
import { type Idle, Meter } from "./meter.ts";

/** A client under measurement. */
export interface BenchClient {
  /** Reads everything; resolves with the number of objects that it holds then. */
  sync(server: string): Promise<number>;
  /** Resolves when so many more events have come. */
  events(count: number): Promise<void>;
}

const answer = (message: Answer): void => void process.send?.(message);

/** Runs a client as the bench's messages say. */
export function serveClient(client: BenchClient): void {
  let idle: Idle | undefined;
  const handle = async (command: Command): Promise<void> => {
    if (command.type === "sync") {
      const meter = new Meter();
      ({ idle } = meter);
      const objects = await client.sync(command.server);
      answer({ type: "synced", objects, usage: meter.stop() });
    } else if (command.type === "ingest") {
      const meter = new Meter(idle);
      const done = client.events(command.events);
      answer({ type: "listening" });
      await done;
      answer({ type: "ingested", usage: meter.stop() });
    }
  };
  process.on("message", (command: Command) => {
    handle(command).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
  answer({ type: "ready" });
}
