import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { FaultProxy } from "@krm/testkit/servers";
import { afterEach, beforeEach, expect, test } from "vitest";

let echo: Server;
let proxy: FaultProxy;
const clients: Client[] = [];

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket));
  await once(echo.listen(0, "127.0.0.1"), "listening");
  proxy = new FaultProxy();
  await proxy.listen(echoPort());
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await proxy[Symbol.asyncDispose]();
  echo.close();
});

const echoPort = (): number => (echo.address() as AddressInfo).port;

/** A connection that keeps what it hears. */
class Client {
  readonly socket: Socket;
  /** The code of the error that broke it; undefined once it ended in order. */
  readonly end: Promise<string | undefined>;
  heard = "";

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1" });
    this.end = new Promise((resolve) => {
      this.socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
      this.socket.once("end", () => resolve(undefined));
    });
    this.socket.on("data", (chunk) => (this.heard += String(chunk)));
  }

  async hears(length: number): Promise<string> {
    while (this.heard.length < length) await once(this.socket, "data");
    return this.heard;
  }
}

/** One that has spoken to the server and back, so that both halves of its way are there. */
async function connected(hello: string): Promise<Client> {
  const client = new Client(proxy.port);
  clients.push(client);
  client.socket.write(hello);
  expect(await client.hears(hello.length)).toBe(hello);
  return client;
}

/** Long enough for what is not held up to come back many times. */
async function manyTurns(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) {
    const direct = new Client(echoPort());
    direct.socket.end("x");
    await direct.hears(1);
  }
}

test("passes bytes and the end on, in both directions", async () => {
  const client = await connected("a");
  const sent = "0123456789".repeat(500_000);
  client.socket.end(sent);
  expect(await client.end).toBeUndefined();
  expect(client.heard === `a${sent}`).toBe(true);
});

test("cut breaks what is connected and refuses what comes; heal takes it again, on the same port", async () => {
  const client = await connected("a");
  const { port } = proxy;
  expect(proxy.connections).toBe(1);
  await proxy.cut();
  expect(await client.end).toBe("ECONNRESET");
  expect(await new Client(port).end).toBe("ECONNREFUSED");
  expect(proxy.connections).toBe(0);
  await proxy.heal();
  expect(proxy.port).toBe(port);
  await connected("b");
});

test("stall keeps connections and passes nothing; heal passes on what was kept", async () => {
  const [one, two] = [await connected("a"), await connected("b")];
  proxy.stall();
  one.socket.write("c");
  two.socket.end("d");
  const three = new Client(proxy.port);
  three.socket.write("e");
  await once(three.socket, "connect");
  await manyTurns();
  expect([one.heard, two.heard, three.heard, proxy.connections]).toEqual(["a", "b", "", 3]);
  await proxy.heal();
  expect([await one.hears(2), await two.hears(2), await three.hears(1)]).toEqual(["ac", "bd", "e"]);
  expect(await two.end).toBeUndefined();
  three.socket.destroy();
});

test("breakConnections breaks what is connected, also what is stalled, and takes what comes", async () => {
  const client = await connected("a");
  proxy.stall();
  proxy.breakConnections();
  expect(await client.end).toBe("ECONNRESET");
  await proxy.heal();
  await connected("b");
});

test("delay holds each chunk up, in order; heal lets go of all", async () => {
  const client = await connected("a");
  proxy.delay(10);
  client.socket.write("b");
  await client.hears(2);
  proxy.delay(3_600_000);
  client.socket.write("c");
  await manyTurns();
  proxy.delay(0);
  client.socket.write("d");
  await manyTurns();
  expect(client.heard).toBe("ab");
  await proxy.heal();
  expect(await client.hears(4)).toBe("abcd");
});

test("passes on that there is no server", async () => {
  echo.close();
  expect(await new Client(proxy.port).end).toBe("ECONNRESET");
});

test("says so when it is used at the wrong time", async () => {
  await expect(proxy.listen(1)).rejects.toThrow("this proxy listens already");
  expect(() => new FaultProxy().port).toThrow("this proxy does not listen yet");
});
