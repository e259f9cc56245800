import { X509Certificate } from "node:crypto";
import { access, constants, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { createSecureContext } from "node:tls";
import type { ServerFlagOptions } from "../../options/common-flags.ts";
import type { Check } from "../check.ts";
import { failed, failedBy, type Finding, ok } from "../finding.ts";
import { judgeExpiry } from "./certificate-expiry.ts";

/** Files that a command would read or write. */
export interface FileFlags extends Partial<Omit<ServerFlagOptions, "listen">> {
  readonly tokenFile?: string | undefined;
  readonly influxSpill?: string | undefined;
}

/** The files that flags name: are they there, may they be read, and are they what they should be. */
export function filesCheck(flags: FileFlags, now: () => number): Check {
  return {
    name: "files",
    after: [],
    async run() {
      const { tlsCert, tlsKey, tlsClientCa, auth, auditLog, tokenFile, influxSpill } = flags;
      const found = await Promise.all([
        tlsCert === undefined || tlsKey === undefined ? [] : keyPair(tlsCert, tlsKey, now()),
        tlsClientCa === undefined ? [] : certificate("--tls-client-ca", tlsClientCa, now()),
        auth?.type === "static" ? tokens(auth.file) : [],
        tokenFile === undefined ? [] : oneToken(tokenFile),
        auditLog === undefined || auditLog === "-" ? [] : appendable("--audit-log", auditLog),
        influxSpill === undefined ? [] : writableFolder("--influx-spill", influxSpill),
      ]);
      return found.flat();
    },
  };
}

/** Whether any of the flags names a file. */
export function namesFiles({ tlsCert, tlsClientCa, auth, auditLog, tokenFile, influxSpill }: FileFlags): boolean {
  const files = [tlsCert, tlsClientCa, auditLog === "-" ? undefined : auditLog, tokenFile, influxSpill];
  return auth?.type === "static" || files.some((file) => file !== undefined);
}

const READABLE = "Check the path, who owns it and its mode; in a pod, the Secret and where it is mounted.";

async function keyPair(certFile: string, keyFile: string, now: number): Promise<readonly Finding[]> {
  const subject = "--tls-cert";
  const [cert, key] = [await read(certFile, subject), await read(keyFile, "--tls-key")];
  if (typeof cert !== "string" || typeof key !== "string")
    return [cert, key].filter((each) => typeof each !== "string");
  try {
    createSecureContext({ cert, key });
  } catch {
    // OpenSSL's words are no help, and may be a line of the file.
    const found = `${certFile} and ${keyFile} are not a certificate and its key`;
    return [failed(found, "Give a PEM certificate and the unencrypted PEM key that belongs to it.", subject)];
  }
  return [certificateFinding(certFile, cert, now, subject)];
}

async function certificate(flag: string, file: string, now: number): Promise<readonly Finding[]> {
  const text = await read(file, flag);
  return [typeof text === "string" ? certificateFinding(file, text, now, flag) : text];
}

function certificateFinding(file: string, text: string, now: number, subject: string): Finding {
  try {
    const found = new X509Certificate(text);
    return judgeExpiry(file, found, now, subject) ?? ok(`${file}, valid until ${dayOf(found.validTo)}`, subject);
  } catch {
    return failed(`${file} holds no certificate`, "Give a PEM certificate.", subject);
  }
}

function dayOf(text: string): string {
  return new Date(text).toISOString().slice(0, 10);
}

async function tokens(file: string): Promise<readonly Finding[]> {
  const subject = "--auth static";
  const { staticTokens } = await import("@krm/server");
  try {
    await (await staticTokens(file))[Symbol.asyncDispose]();
    return [ok(`${file} holds tokens`, subject)];
  } catch (error) {
    return [failedBy(error, READABLE, subject)];
  }
}

async function oneToken(file: string): Promise<readonly Finding[]> {
  const subject = "--token-file";
  const text = await read(file, subject);
  if (typeof text !== "string") return [text];
  if (/^\s*\S+\s*$/.test(text)) return [ok(`${file} holds a token`, subject)];
  return [failed(`${file} does not hold one token`, "Write the token into it, and nothing else.", subject)];
}

async function appendable(flag: string, file: string): Promise<readonly Finding[]> {
  try {
    const there = await stat(file).catch(() => undefined);
    if (there?.isDirectory() === true) return [failed(`${file} is a folder`, "Name a file in it.", flag)];
    await access(there === undefined ? dirname(file) : file, constants.W_OK);
    return [ok(`${file} can be written`, flag)];
  } catch (error) {
    return [failed(`${file} cannot be written: ${codeOf(error)}`, READABLE, flag)];
  }
}

async function writableFolder(flag: string, folder: string): Promise<readonly Finding[]> {
  try {
    const there = await stat(folder).catch(() => undefined);
    if (there?.isFile() === true) return [failed(`${folder} is a file`, "Name a folder.", flag)];
    await access(there === undefined ? dirname(folder) : folder, constants.W_OK | constants.X_OK);
    return [ok(`${folder} can be written`, flag)];
  } catch (error) {
    return [failed(`${folder} cannot be written: ${codeOf(error)}`, READABLE, flag)];
  }
}

/** The text of a file, or what is wrong. */
async function read(file: string, flag: string): Promise<string | Finding> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    return failed(`${file} cannot be read: ${codeOf(error)}`, READABLE, flag);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown";
}
