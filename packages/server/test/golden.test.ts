import { readFile } from "node:fs/promises";
import { PODS } from "@krm/core";
import { describe, expect, it } from "vitest";
import { testApp } from "./support/app.ts";
import { fill, metaAt, pod } from "./support/fixtures.ts";

interface Scenario {
  readonly steps: readonly {
    readonly request: { readonly path: string };
    readonly response: {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly json: { readonly message?: string; readonly reason?: string; readonly code?: number };
    };
  }[];
}

const file = new URL("../../testkit/golden/03-resource-version-semantics.json", import.meta.url);
const { steps } = JSON.parse(await readFile(file, "utf8")) as Scenario;

/** kube-apiserver has read up to here when it answers 504. */
const CURRENT = "214";

describe("resourceVersion and resourceVersionMatch, as kube-apiserver answered them", () => {
  const asked = steps.filter(({ request }) => !request.path.includes("resourceVersion=1&"));

  it.each(asked.map(({ request, response }) => [request.path.split("?")[1] ?? "", response] as const))(
    "?%s",
    async (query, golden) => {
      await using test = testApp();
      const version = golden.status === 504 ? CURRENT : "70";
      await fill(test.store, { resource: PODS }, [pod({ name: "a" })], metaAt(version));
      const answer = test.get(`/pods?${query}`);
      if (golden.status === 504) {
        for (let waits = 0; waits < 3; waits++) {
          await test.clock.untilSleeping();
          await test.clock.advance(1000);
        }
      }
      const response = await answer;
      expect(response.statusCode).toBe(golden.status);
      expect(response.headers["retry-after"]).toBe(golden.headers["retry-after"]);
      expect(response.headers["krm-state"]).toBe("synced");
      const body = response.json<Scenario["steps"][number]["response"]["json"]>();
      if (golden.status === 504) expect(body).toEqual(golden.json);
      else if (golden.status === 200) expect(body).toMatchObject({ metadata: { resourceVersion: "70" } });
      else {
        const { message, reason, code } = golden.json;
        expect(body).toMatchObject({ message, reason, code });
      }
    },
  );
});
