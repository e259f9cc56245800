/** What the bench tells a server under measurement. */
export type Command = "start" | "stop" | "change";

/** What such a server answers. */
export type Answer =
  | {
      readonly type: "ready";
      readonly url: string;
      /** Of a user who may read everything; undefined: none is needed. */
      readonly token?: string | undefined;
      /** In PEM; undefined: plain HTTP. */
      readonly ca?: string | undefined;
      readonly objects: number;
      readonly bytes: number;
    }
  | { readonly type: "changed" }
  /** CPU time from "start" to "stop", without what changes took. */
  | { readonly type: "used"; readonly cpuMs: number };

/** Counts the CPU time of this process as the bench asks, and makes changes in between, which are not counted. */
export function serveMeasure(change: () => Promise<void>): void {
  let start = process.cpuUsage();
  const handle = async (command: Command): Promise<void> => {
    if (command === "start") start = process.cpuUsage();
    if (command === "change") {
      const before = process.cpuUsage();
      await change();
      const spent = process.cpuUsage(before);
      start = { user: start.user + spent.user, system: start.system + spent.system };
      process.send?.({ type: "changed" } satisfies Answer);
    }
    if (command === "stop") {
      const { user, system } = process.cpuUsage(start);
      process.send?.({ type: "used", cpuMs: (user + system) / 1000 } satisfies Answer);
    }
  };
  process.on("message", (command: Command) => {
    handle(command).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
}
