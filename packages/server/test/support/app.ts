import Fastify, { type FastifyInstance, type LightMyRequestResponse } from "fastify";
import { MemoryStore } from "@krm/core";
import { krmPlugin, type KrmPluginOptions } from "@krm/server";
import { ManualClock } from "@krm/testkit";
import { START } from "./fixtures.ts";

/** An application with the plugin in it, over a memory store and a manual clock. */
export interface TestApp extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<LightMyRequestResponse>;
}

export function testApp(options: Partial<KrmPluginOptions> = {}): TestApp {
  const store = new MemoryStore();
  const clock = new ManualClock({ now: START });
  const app = Fastify();
  app.register(krmPlugin, { store, clock, ...options });
  return {
    app,
    store,
    clock,
    get: async (url, headers = {}) => app.inject({ url, headers }),
    async [Symbol.asyncDispose]() {
      await app.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** The names of the items of a list answer. */
export function names(response: LightMyRequestResponse): readonly string[] {
  const body = response.json<{ readonly items: readonly { readonly metadata: { readonly name: string } }[] }>();
  return body.items.map((item) => item.metadata.name);
}

/** The parts of an error answer that tests look at. */
export function failure(response: LightMyRequestResponse): {
  readonly code: number;
  readonly reason: string | undefined;
  readonly message: string;
  readonly causes: readonly (string | undefined)[];
} {
  const body = response.json<{
    readonly kind: string;
    readonly code: number;
    readonly reason?: string;
    readonly message: string;
    readonly details?: { readonly causes?: readonly { readonly reason?: string }[] };
  }>();
  if (body.kind !== "Status" || body.code !== response.statusCode) throw new Error(`not a Status: ${response.body}`);
  const causes = (body.details?.causes ?? []).map((cause) => cause.reason);
  return { code: body.code, reason: body.reason, message: body.message, causes };
}
