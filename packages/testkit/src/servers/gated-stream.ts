import type { Socket } from "node:net";

/** How many bytes of one direction are kept before the sender is made to wait. */
const KEPT_BYTES = 1 << 20;

/** Called when something comes; what it returns is called when that is next in line, and resolves when it may go on. */
export type Gate = () => () => Promise<void>;

/** Passes on what comes from one socket to another, each chunk and then the end, in order, as the gate allows. */
export function pass(from: Socket, to: Socket, gate: Gate): void {
  let kept = 0;
  let last = Promise.resolve();
  const inOrder = (act: () => void | Promise<void>): void => {
    const passable = gate();
    last = last.then(async () => {
      await passable();
      await act();
    });
  };
  from.on("data", (chunk: Buffer) => {
    kept += chunk.length;
    if (kept > KEPT_BYTES) from.pause();
    inOrder(async () => {
      if (!to.destroyed && !to.write(chunk)) await drained(to);
      kept -= chunk.length;
      if (kept <= KEPT_BYTES) from.resume();
    });
  });
  from.on("end", () => inOrder(() => void to.end()));
}

function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve).once("close", resolve);
  return promise;
}
