import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { KrmError } from "@krm/core";

/** Who asks, by HTTP Basic authentication. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A POST of a form to a server on this machine. */
export interface HttpCall {
  readonly port: number;
  readonly path: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly login?: Login | undefined;
}

const TIMEOUT_MS = 30_000;

/**
 * Asks on a connection of its own, for whoever administers a server in a test: no connection is kept that a server which
 * was killed has left behind. Resolves to any answer, whatever its status; throws what the connection says, and after
 * thirty seconds without an end of the answer.
 */
export async function httpCall({ port, path, form = {}, login }: HttpCall): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers: Record<string, string> = { "Content-Type": "application/x-www-form-urlencoded" };
  if (login !== undefined) headers["Authorization"] = basic(login);
  const call = request({ host: "127.0.0.1", port, path, method: "POST", headers, agent: false, signal });
  try {
    call.end(new URLSearchParams(form).toString());
    const [response] = (await once(call, "response")) as [IncomingMessage];
    let text = "";
    for await (const part of response.setEncoding("utf8") as AsyncIterable<string>) text += part;
    return { status: response.statusCode ?? 0, text };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new KrmError("KRM_CONNECTION", `${path}: no answer from 127.0.0.1:${port}`, { cause: error });
  }
}

function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
