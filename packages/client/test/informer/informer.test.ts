import { KubeConfig, type KubernetesObject, V1ObjectMeta, V1Pod } from "@kubernetes/client-node";
import { describe, expect, test, vi } from "vitest";
import { KrmClient } from "../../src/index.ts";
import { makeInformer } from "../../src/informer/index.ts";
import { kubeConfigConnection } from "../../src/informer/kube-config-connection.ts";
import { MirrorInformer } from "../../src/informer/mirror-informer.ts";
import { mirrorSource } from "../../src/mirror/mirror-source.ts";
import { failure, nextAsked } from "../support/mirrored.ts";
import { failure as answerFailure, serve } from "../support/server.ts";
import { steppedTiming } from "../support/stepped-timing.ts";
import { bookmark, change, failed, pod, type WatchServer, watchServer } from "../support/watch-server.ts";

const PATH = "/api/v1/namespaces/team-a/pods";

function scene(): { readonly server: WatchServer; readonly client: KrmClient } {
  const server = watchServer();
  return {
    server,
    client: new KrmClient({ url: "https://krm.invalid", fetch: server.fetch, timing: steppedTiming() }),
  };
}

const name = ({ metadata }: KubernetesObject): string => `${metadata?.name}@${metadata?.resourceVersion}`;

describe("an informer", () => {
  test("reads what its path and selectors say, by a watch alone", async () => {
    const { client, server } = scene();
    const listFn = vi.fn<() => never>();
    const informer = makeInformer(client, PATH, listFn, "app=web", "spec.nodeName=n1");
    const started = informer.start();
    const { url } = await server.next();
    expect(url.pathname).toBe(PATH);
    expect(url.searchParams.get("labelSelector")).toBe("app=web");
    expect(url.searchParams.get("fieldSelector")).toBe("spec.nodeName=n1");
    await informer.stop();
    await started;
    expect(listFn).not.toHaveBeenCalled();
  });

  test("has all when it has started, and tells it as client-node's objects", async () => {
    const { client, server } = scene();
    const informer = makeInformer<V1Pod>(client, PATH);
    const told: string[] = [];
    for (const verb of ["add", "update", "delete"] as const)
      informer.on(verb, (object) => told.push(`${verb} ${name(object)}`));
    informer.on("change", (object) => told.push(`change ${name(object)}`));
    informer.on("connect", (error: unknown) => told.push(`connect ${String(error)}`));
    const started = informer.start();
    expect([informer.get("a", "team-a"), informer.list()]).toEqual([undefined, []]);
    const request = await server.next();
    request.answer(change("ADDED", pod("a", "3")), change("ADDED", pod("b", "4")));
    await request.untilAwaited();
    expect(informer.list()).toEqual([]);
    request.send(bookmark("10", true));
    await started;
    expect(informer.list().map(name)).toEqual(["a@3", "b@4"]);
    expect(informer.list("team-b")).toEqual([]);
    expect(informer.get("a", "team-a")).toBeInstanceOf(V1Pod);
    expect(informer.get("a", "team-a")?.metadata?.creationTimestamp).toBeInstanceOf(Date);
    request.send(change("MODIFIED", pod("a", "11")), change("DELETED", pod("b", "12")));
    await request.untilAwaited();
    expect(told).toEqual([
      "connect undefined",
      "add a@3",
      "change a@3",
      "add b@4",
      "change b@4",
      "update a@11",
      "change a@11",
      "delete b@12",
      "change b@12",
    ]);
    // Told by a watch, it is of the same form as what was there at the start.
    expect(informer.get("a", "team-a")?.metadata?.creationTimestamp).toBeInstanceOf(Date);
    await informer.stop();
  });

  test("tells metadata of other kinds as client-node's, and keeps all else", async () => {
    const { client, server } = scene();
    const informer = makeInformer<KubernetesObject>(client, "/apis/example.com/v1/widgets");
    const started = informer.start();
    const { kind: _, apiVersion: __, ...widget } = { kind: "", apiVersion: "", ...pod("w", "3") };
    (await server.next()).answer(
      change("ADDED", {
        kind: "Widget",
        apiVersion: "example.com/v1",
        ...widget,
        spec: { since: "2025-06-01T10:00:00Z" },
      }),
      bookmark("10", true),
    );
    await started;
    const found = informer.get("w", "team-a");
    expect(found?.metadata).toBeInstanceOf(V1ObjectMeta);
    expect(found?.metadata?.creationTimestamp).toBeInstanceOf(Date);
    expect(found).toMatchObject({ kind: "Widget", spec: { since: "2025-06-01T10:00:00Z" } });
    await informer.stop();
  });

  test("stops calling what is taken off, once for each time, and refuses unknown verbs", async () => {
    const { client, server } = scene();
    const informer = makeInformer<V1Pod>(client, PATH);
    const callback = vi.fn<(object: V1Pod) => void>();
    informer.on("change", callback);
    informer.on("add", callback);
    informer.off("change", callback);
    informer.off("update", callback);
    const started = informer.start();
    const request = await server.next();
    request.answer(change("ADDED", pod("a", "3")), bookmark("10", true), change("MODIFIED", pod("a", "11")));
    await started;
    await request.untilAwaited();
    expect(callback.mock.calls.map(([object]) => object.metadata?.resourceVersion)).toEqual(["3"]);
    expect(() => informer.on("added" as "add", callback)).toThrow("Unknown verb: added");
    expect(() => informer.off("toString" as "add", callback)).toThrow("Unknown verb: toString");
    await informer.stop();
  });

  test("begun anew tells what has changed since it was stopped, and shows what it held meanwhile", async () => {
    const { client, server } = scene();
    const informer = makeInformer<V1Pod>(client, PATH);
    const told: string[] = [];
    for (const verb of ["add", "update", "delete"] as const)
      informer.on(verb, (object) => told.push(`${verb} ${name(object)}`));
    const first = informer.start();
    (await server.next()).answer(...["a", "b", "c"].map((one) => change("ADDED", pod(one, "3"))), bookmark("10", true));
    await first;
    await informer.stop();
    expect(informer.list()).toHaveLength(3);
    told.length = 0;
    const second = informer.start();
    const request = await server.next();
    request.answer(change("ADDED", pod("a", "3")), change("ADDED", pod("c", "20")), change("ADDED", pod("d", "21")));
    await request.untilAwaited();
    expect(informer.list()).toHaveLength(3);
    request.send(bookmark("30", true));
    await second;
    expect(told).toEqual(["delete b@3", "update c@20", "add d@21"]);
    await informer.stop();
  });

  test("stopped and begun anew at any moment tells each object once", async () => {
    for (let turns = 0; turns < 60; turns++) {
      const { client, server } = scene();
      const informer = makeInformer<V1Pod>(client, PATH);
      const added: string[] = [];
      informer.on("add", (object) => added.push(name(object)));
      const first = informer.start();
      const request = await server.next();
      request.answer(bookmark("10", true));
      await first;
      await request.untilAwaited();
      request.send(change("ADDED", pod("b", "11")));
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const stopped = informer.stop();
      const second = informer.start();
      (await server.next()).answer(change("ADDED", pod("b", "11")), bookmark("12", true));
      await second;
      await stopped;
      expect(added).toEqual(["b@11"]);
      await informer.stop();
    }
  });

  test("calls error only where it has ended, and can then be started anew", async () => {
    const { client, server } = scene();
    const informer = makeInformer<V1Pod>(client, PATH);
    const ended = new Promise((resolve) => informer.on("error", resolve));
    const first = informer.start();
    (await server.next()).answer(change("ADDED", pod("a", "3")), failed(403, "Forbidden", "no more"));
    expect(await ended).toMatchObject({ code: "KRM_CLIENT_FORBIDDEN", status: 403 });
    await first;
    const second = informer.start();
    (await server.next()).answer(change("ADDED", pod("a", "3")), bookmark("10", true));
    await second;
    expect(informer.list().map(name)).toEqual(["a@3"]);
    await informer.stop();
  });

  test("that nobody hears ends with a rejection of start", async () => {
    const { client, server } = scene();
    const started = failure(makeInformer(client, PATH).start());
    (await server.next()).answer(failed(403, "Forbidden", "no more"));
    expect(await started).toMatchObject({ status: 403 });
  });

  test.each([
    "/api/v1/",
    "/api/v2/pods",
    "/apis/apps/deployments",
    "/apis/apps/v1/",
    "pods",
    "/api/v1/pods?limit=1",
    "/api/v1/namespaces/a/pods/b",
    "/api/v1/namespaces/../pods",
    "/api/v1/namespaces/a/../pods",
    "/api/v1/pods/api/v1/nodes",
  ])("refuses %j", (path) => {
    expect(() => makeInformer(scene().client, path)).toThrow(
      expect.objectContaining({ code: "KRM_CLIENT_INVALID_ARGUMENT" }),
    );
  });

  test.each([
    ["/api/v1/pods", "/api/v1/pods"],
    ["/api/v1/namespaces", "/api/v1/namespaces"],
    ["/apis/apps/v1/namespaces/a/deployments", "/apis/apps/v1/namespaces/a/deployments"],
  ])("%s is that very path", async (path, asked) => {
    const { client, server } = scene();
    const informer = makeInformer(client, path);
    const started = informer.start();
    expect((await server.next()).url.pathname).toBe(asked);
    await informer.stop();
    await started;
  });
});

describe("by a kubeconfig", () => {
  const config = (server: string, token?: string): KubeConfig => {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromClusterAndUser(
      { name: "krm", server, skipTLSVerify: false },
      { name: "me", ...(token !== undefined && { token }) },
    );
    return kubeConfig;
  };

  test("its server is asked, as its user", async () => {
    const { received, url } = await serve(answerFailure(403, "not you"));
    const ended = failure(makeInformer(config(`${url}/at`, "secret-1"), PATH).start());
    expect(await ended).toMatchObject({ code: "KRM_CLIENT_FORBIDDEN" });
    expect(received).toEqual([
      {
        url: expect.stringMatching(/^\/at\/api\/v1\/namespaces\/team-a\/pods\?watch=1/) as string,
        authorization: "Bearer secret-1",
      },
    ]);
  });

  test("the context that was current when it was made is the one whose user asks, whatever is current later", async () => {
    const { received, url } = await serve(answerFailure(403, "not you"));
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromOptions({
      clusters: [
        { name: "krm", server: url, skipTLSVerify: false },
        { name: "cluster", server: "https://cluster.invalid", skipTLSVerify: false },
      ],
      users: [
        { name: "reader", token: "for-krm" },
        { name: "writer", token: "for-the-cluster" },
      ],
      contexts: [
        { name: "krm", cluster: "krm", user: "reader" },
        { name: "cluster", cluster: "cluster", user: "writer" },
      ],
      currentContext: "krm",
    });
    const informer = makeInformer(kubeConfig, PATH);
    kubeConfig.setCurrentContext("cluster");
    await failure(informer.start());
    expect(received.map(({ authorization }) => authorization)).toEqual(["Bearer for-krm"]);
  });

  test("whose context names another server by now gives that one's credentials to nobody", async () => {
    const { received, url } = await serve(answerFailure(403, "not you"));
    const kubeConfig = config(url, "for-krm");
    const informer = makeInformer(kubeConfig, PATH);
    kubeConfig.loadFromClusterAndUser(
      { name: "krm", server: "https://cluster.invalid", skipTLSVerify: false },
      { name: "me", token: "for-the-cluster" },
    );
    expect(await failure(informer.start())).toMatchObject({
      code: "KRM_CLIENT_TOKEN_FILE",
      message: expect.stringContaining("names another server") as string,
    });
    expect(received).toEqual([]);
  });

  test("an authenticator of one's own is asked, over plain HTTP too", async () => {
    const { received, url } = await serve(answerFailure(403, "not you"));
    const kubeConfig = new KubeConfig();
    kubeConfig.addAuthenticator({
      isAuthProvider: (user) => user.name === "me",
      applyAuthentication: async (_, options) => {
        Object.assign(options, { headers: { ...options.headers, Authorization: "Bearer of-my-own" } });
      },
    });
    kubeConfig.loadFromClusterAndUser({ name: "krm", server: url, skipTLSVerify: false }, { name: "me" });
    await failure(makeInformer(kubeConfig, PATH).start());
    expect(received.map(({ authorization }) => authorization)).toEqual(["Bearer of-my-own"]);
  });

  test("credentials do not go over plain HTTP to another machine, and are in no message", async () => {
    const ended = failure(makeInformer(config("http://krm.invalid", "secret-1"), PATH).start());
    expect(await ended).toMatchObject({ code: "KRM_CLIENT_INSECURE_TOKEN" });
    expect(String(await ended)).not.toContain("secret-1");
  });

  test("a token that is refused once it was taken may have been followed by another: it is asked for again", async () => {
    const server = watchServer();
    const timing = steppedTiming();
    const reached = kubeConfigConnection(config("https://krm.invalid", "secret-1"));
    const source = mirrorSource<object>(
      { ...reached, fetch: server.fetch, timing },
      "pods",
      {},
      async () => (json) => json,
    );
    const informer = new MirrorInformer<KubernetesObject>(source);
    const errors: unknown[] = [];
    informer.on("error", (error: unknown) => errors.push(error));
    const started = informer.start();
    const request = await server.next();
    request.answer(bookmark("10", true));
    await started;
    request.end();
    (await nextAsked(server, timing)).respond(Response.json({}, { status: 401 }));
    (await nextAsked(server, timing)).answer(bookmark("11"));
    expect(errors).toEqual([]);
    await informer.stop();
  });

  test("that gives no credentials ends it, with the reason", async () => {
    const kubeConfig = new KubeConfig();
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "/krm/no/such/plugin",
      interactiveMode: "Never",
    };
    kubeConfig.loadFromClusterAndUser(
      { name: "krm", server: "https://127.0.0.1:1", skipTLSVerify: false },
      { name: "me", exec },
    );
    expect(await failure(makeInformer(kubeConfig, PATH).start())).toMatchObject({
      code: "KRM_CLIENT_TOKEN_FILE",
      message: expect.stringMatching(/^the kubeconfig gives no credentials: .*\/krm\/no\/such\/plugin/) as string,
    });
  });

  test("without a cluster it is refused at once", () => {
    expect(() => makeInformer(new KubeConfig(), PATH)).toThrow(/no current cluster/);
  });
});
