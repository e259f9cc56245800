import { expect, it } from "vitest";
import { KubernetesSource, serverVersion } from "../src/index.ts";
import { failure, TestServer } from "./support/test-server.ts";

async function answered(body: string): Promise<unknown> {
  await using fake = await TestServer.start((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(body);
  });
  await using source = new KubernetesSource({ kubeConfig: fake.config() });
  return await serverVersion(source).catch((error: unknown) => error);
}

it("is what the API server calls itself", async () => {
  expect(await answered('{"major":"1","minor":"36","gitVersion":"v1.36.2"}')).toBe("v1.36.2");
});

it.each(["{}", "null", "[]", '{"gitVersion":""}', '{"gitVersion":7}', "v1.36.2"])("is not in %s", async (body) => {
  expect(await answered(body)).toMatchObject({ code: "KRM_DECODE" });
});

it("is given up with its signal", async () => {
  await using fake = await TestServer.start(() => {});
  await using source = new KubernetesSource({ kubeConfig: fake.config() });
  const signal = AbortSignal.abort(new Error("enough"));
  expect(await failure(serverVersion(source, { signal }))).toMatchObject({ message: "enough" });
});
