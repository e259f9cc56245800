import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { basename, join } from "node:path";
import type { Logger } from "@krm/core";
import type { Call, Message, Metered, Procedures } from "./messages.ts";

/** Where profiles go, one for each phase; undefined: none are made. */
const profiles: string | undefined = process.argv[2];

const send = (message: Message): void => void process.send?.(message);

/** Ends what the process works with. */
export const stop: AbortController = new AbortController();

/** So many warnings mean that nothing works, and waiting for it would last for ever. */
const MOST_WARNINGS = 20;
let warnings = 0;

const warn: Logger["warn"] = ({ err, ...fields }, message) => {
  console.error(name(), "warns:", message, err instanceof Error ? err.message : fields);
  if (++warnings === MOST_WARNINGS) process.exit(1);
};

/** Says on standard error what a user would want to know: a bench that had to resync measured something else. */
export const logger: Logger = { debug: () => {}, info: () => {}, warn, error: warn };

/** Answers the bench's calls. `leave` is called before the process ends. */
export function serve(procedures: Procedures, leave: () => Promise<void>): void {
  let cpu = process.cpuUsage();
  let profile: { readonly session: Session; readonly phase: string } | undefined;
  const metered: Metered = {
    async begin(phase) {
      if (profiles !== undefined) {
        const session = new Session();
        session.connect();
        await session.post("Profiler.enable");
        await session.post("Profiler.start");
        profile = { session, phase };
      }
      cpu = process.cpuUsage();
    },
    async end() {
      const { user, system } = process.cpuUsage(cpu);
      if (profile !== undefined) {
        const { session, phase } = profile;
        const made = await session.post("Profiler.stop");
        writeFileSync(join(profiles ?? "", `${phase}-${name()}.cpuprofile`), JSON.stringify(made.profile));
        session.disconnect();
        profile = undefined;
      }
      return (user + system) / 1000;
    },
    async leave() {
      stop.abort();
      await leave();
    },
  };
  const all = { ...procedures, ...metered } as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  process.on("message", ({ id, name: asked, args }: Call) => {
    const run = async (): Promise<unknown> => all[asked]?.(...args);
    run()
      .then(
        (value) => send({ type: "done", id, value }),
        (error: unknown) => send({ type: "failed", id, error: error instanceof Error ? String(error.stack) : "" }),
      )
      .finally(() => asked === "leave" && process.disconnect());
  });
  // Whoever started this is gone.
  process.on("disconnect", () => setTimeout(() => process.exit(1), 2000).unref());
  send({ type: "ready" });
}

function name(): string {
  return basename(process.argv[1] ?? "", ".ts");
}
