import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { KrmError } from "@krm/core";

/** What Redis replies: text, a number, nothing, or a list of those. An error inside a list stands there as its text. */
export type RespReply = string | number | null | readonly RespReply[];

/** A Redis server on this machine, and the user to be there. */
export interface RespAddress {
  readonly port: number;
  readonly tls: boolean;
  readonly user: string;
}

const TIMEOUT_MS = 30_000;

/**
 * Runs one command on a connection of its own, for whoever administers a server in a test. Throws what the server
 * replies as an error, and after thirty seconds without a reply.
 */
export async function respCommand(address: RespAddress, args: readonly (string | number)[]): Promise<RespReply> {
  const socket = open(address);
  try {
    socket.write(encode(["AUTH", address.user, "-"]));
    socket.write(encode(args));
    let received = Buffer.alloc(0);
    const timer = setTimeout(
      () => socket.destroy(new KrmError("KRM_CONNECTION", `${args[0]}: no reply from 127.0.0.1:${address.port}`)),
      TIMEOUT_MS,
    );
    try {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        received = Buffer.concat([received, chunk]);
        const login = readReply(received, 0);
        if (login?.value instanceof Error) throw login.value;
        const reply = login && readReply(received, login.end);
        if (reply?.value instanceof Error) throw new Error(`${args[0]}: ${reply.value.message}`);
        if (reply !== undefined) return reply.value;
      }
    } finally {
      clearTimeout(timer);
    }
    throw new KrmError("KRM_CONNECTION", `${args[0]}: 127.0.0.1:${address.port} closed the connection without a reply`);
  } finally {
    socket.destroy();
  }
}

function open({ port, tls }: RespAddress): Socket {
  if (!tls) return connect({ port, host: "127.0.0.1" });
  // It is this process's own child, and its certificate may be a wrong one on purpose.
  return connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
}

function encode(args: readonly (string | number)[]): string {
  const bulks = args.map(String).map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`);
  return `*${bulks.length}\r\n${bulks.join("")}`;
}

interface Read {
  readonly value: RespReply | Error;
  readonly end: number;
}

/** The reply that begins at `at`; undefined where it is not complete yet. */
function readReply(bytes: Buffer, at: number): Read | undefined {
  const lineEnd = bytes.indexOf("\r\n", at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString("utf8", at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case "+":
      return { value: line, end };
    case "-":
      return { value: new Error(line), end };
    case ":":
      return { value: Number(line), end };
    case "$": {
      const length = Number(line);
      if (length < 0) return { value: null, end };
      if (bytes.length < end + length + 2) return undefined;
      return { value: bytes.toString("utf8", end, end + length), end: end + length + 2 };
    }
    case "*":
      return readList(bytes, end, Number(line));
    default:
      throw new KrmError("KRM_DECODE", `not a reply of Redis: ${line}`);
  }
}

function readList(bytes: Buffer, at: number, length: number): Read | undefined {
  if (length < 0) return { value: null, end: at };
  const list: RespReply[] = [];
  let end = at;
  for (let index = 0; index < length; index++) {
    const item = readReply(bytes, end);
    if (item === undefined) return undefined;
    list.push(item.value instanceof Error ? item.value.message : item.value);
    end = item.end;
  }
  return { value: list, end };
}
