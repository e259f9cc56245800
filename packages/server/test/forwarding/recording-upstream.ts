import { KrmError } from "@krm/core";
import type { Upstream, UpstreamAnswer, UpstreamRequest } from "@krm/server";

/** An API server that answers as the test says, and remembers what it was asked. */
export class RecordingUpstream implements Upstream {
  readonly requests: UpstreamRequest[] = [];
  /** What it answers. Default: 200 and the target. */
  answer: (request: UpstreamRequest) => Partial<UpstreamAnswer> | Promise<Partial<UpstreamAnswer>> = ({ target }) => ({
    body: bytes(target),
  });

  async read(request: UpstreamRequest): Promise<UpstreamAnswer> {
    this.requests.push(request);
    return { status: 200, headers: {}, body: bytes(""), ...(await this.answer(request)) };
  }

  /** What it was asked for, in order. */
  get targets(): readonly string[] {
    return this.requests.map(({ target }) => target);
  }
}

/** A body in some parts. */
export async function* bytes(...parts: readonly string[]): AsyncGenerator<Uint8Array, void> {
  for (const part of parts) if (part !== "") yield Buffer.from(part);
}

/** Never resolves; rejects when the asker gives up. */
export async function never({ signal }: UpstreamRequest): Promise<never> {
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  return aborted.promise;
}

/** What an upstream rejects with whose server is away. */
export function refused(): never {
  throw new KrmError("KRM_CONNECTION", "https://10.0.0.1:6443: the connection was refused (ECONNREFUSED)");
}
