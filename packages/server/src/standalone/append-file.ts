import { constants, write } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { promisify } from "node:util";

/** A file, or standard output, that is only ever appended to. */
export interface AppendFile {
  /**
   * Sees to it that what is written next is found under the file's path: where it was moved away, or deleted, a new one is
   * made. True: it is another file now.
   */
  renew(): Promise<boolean>;
  /** Appends what there is room for, and resolves to how many bytes that were. `EAGAIN`: a pipe is full. */
  write(bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** A pipe that nobody reads must not hold a thread of this process for ever: at its end it would be waited for. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;

/** What is made is for its owner alone. */
const MODE = 0o600;

const STDOUT = 1;

/** Opens a file to append to, and makes it where there is none. Rejects with an error of the system. */
export async function openAppendFile(path: string): Promise<AppendFile> {
  let handle = await open(path, APPEND | constants.O_CREAT, MODE);
  return {
    async renew() {
      if (await isAt(path, handle)) return false;
      const next = await open(path, APPEND | constants.O_CREAT, MODE);
      const before = handle;
      handle = next;
      await before.close();
      return true;
    },
    write: async (bytes) => (await handle.write(bytes)).bytesWritten,
    close: async () => handle.close(),
  };
}

/** Standard output, apart from `process.stdout`: what fails here is told to nobody else. */
export async function openStandardOutput(): Promise<AppendFile> {
  const renew = async (): Promise<boolean> => false;
  try {
    const handle = await open("/dev/stdout", APPEND);
    return {
      renew,
      write: async (bytes) => (await handle.write(bytes)).bytesWritten,
      close: async () => handle.close(),
    };
  } catch {
    // A socket, or another's file: it can be written to, but not opened.
    const writeTo = promisify(write);
    return { renew, write: async (bytes) => (await writeTo(STDOUT, bytes)).bytesWritten, close: async () => {} };
  }
}

async function isAt(path: string, handle: FileHandle): Promise<boolean> {
  try {
    const [named, held] = await Promise.all([stat(path, { bigint: true }), handle.stat({ bigint: true })]);
    return named.dev === held.dev && named.ino === held.ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
