import { X509Certificate } from "node:crypto";
import { access, constants, readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { ServerFlagOptions } from "../../options/common-flags.ts";
import type { Check } from "../check.ts";
import { failed, failedBy, type Finding, ok } from "../finding.ts";
import { isoDate, judgeExpiry } from "./certificate-expiry.ts";

/** Files that a command would read or write. */
export interface FileFlags extends Partial<Omit<ServerFlagOptions, "listen">> {
  readonly tokenFile?: string | undefined;
  readonly influxSpill?: string | undefined;
}

/** The files that flags name: are they there, may they be read, and are they what they should be. None named: no check. */
export function filesChecks(flags: FileFlags, now: () => number): readonly Check[] {
  const { tlsCert, tlsKey, tlsClientCa, auth, auditLog, tokenFile, influxSpill } = flags;
  const looks: readonly (false | undefined | (() => Promise<readonly Finding[]>))[] = [
    tlsCert !== undefined && tlsKey !== undefined && (async () => keyPair(tlsCert, tlsKey, now())),
    tlsClientCa !== undefined && (async () => certificate("--tls-client-ca", tlsClientCa, now())),
    auth?.type === "static" && (async () => tokens(auth.file)),
    tokenFile !== undefined && (async () => oneToken(tokenFile)),
    auditLog !== undefined && auditLog !== "-" && (async () => writable("--audit-log", auditLog, "file")),
    influxSpill !== undefined && (async () => writable("--influx-spill", influxSpill, "folder")),
  ];
  const wanted = looks.filter((look) => typeof look === "function");
  if (wanted.length === 0) return [];
  const run = async (): Promise<readonly Finding[]> => (await Promise.all(wanted.map(async (look) => look()))).flat();
  return [{ name: "files", after: [], run }];
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
    return (
      judgeExpiry(file, found, now, subject) ??
      ok(`${file}, valid until ${isoDate(Date.parse(found.validTo))}`, subject)
    );
  } catch {
    return failed(`${file} holds no certificate`, "Give a PEM certificate.", subject);
  }
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
  // As the client reads it.
  if (/^[\x21-\x7e]+$/.test(text.trim())) return [ok(`${file} holds a token`, subject)];
  return [failed(`${file} does not hold one token`, "Write the token into it, and nothing else.", subject)];
}

/** A file is made where its folder is there; a folder with all that it lies in. */
async function writable(flag: string, path: string, kind: "file" | "folder"): Promise<readonly Finding[]> {
  try {
    const there = await kindOf(path);
    if (there !== undefined && there !== kind) {
      return [failed(`${path} is a ${there}`, kind === "file" ? "Name a file in it." : "Name a folder.", flag)];
    }
    const place = there === undefined ? await placeFor(path, kind) : path;
    await access(place, place === path && kind === "file" ? constants.W_OK : constants.W_OK | constants.X_OK);
    return [ok(`${path} can be written`, flag)];
  } catch (error) {
    return [failed(`${path} cannot be written: ${codeOf(error)}`, READABLE, flag)];
  }
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The folder in which something is made that is not there. */
async function placeFor(path: string, kind: "file" | "folder"): Promise<string> {
  let place = dirname(resolve(path));
  while (kind === "folder" && (await kindOf(place)) === undefined) place = dirname(place);
  return place;
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
