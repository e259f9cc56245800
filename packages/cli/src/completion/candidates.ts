import type { KrmClient } from "@krm/client";
import { DEFAULT_RESOURCES, resourceName } from "@krm/core";
import type { Command } from "commander";
import { wantedBy } from "../commands/get/wanted.ts";
import type { CliIo } from "../io.ts";
import { Flag } from "../options/flag.ts";
import { openClient } from "../reading/open-client.ts";
import { type Asked, askedBy, type Candidate } from "./asked.ts";

/** What a shell is told instead of candidates: to offer files. */
export const FILES = ":files";

/** What is looked at to find names. */
const AT_MOST = 500;
/** A name that no shell reads as anything else. */
const PLAIN = /^[\w./:=,@+-]+$/u;

const SIX: readonly Candidate[] = DEFAULT_RESOURCES.map((type) => ({
  value: resourceName(type),
  description: type.shortNames.join(", "),
}));

/**
 * The lines that a shell reads: each a word that begins as the last of `words` does, with a tab and what it is; or
 * {@link FILES}. A server that does not answer in time, or refuses, has nothing to offer: nobody is told why.
 *
 * @param withinMs how long the server may take; milliseconds
 */
export async function candidateLines(
  program: Command,
  words: readonly string[],
  io: CliIo,
  withinMs = 1000,
): Promise<readonly string[]> {
  const { asked, given } = askedBy(program, words, SIX);
  if (asked.type === "files") return [FILES];
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(withinMs)]);
  const open = async (): Promise<Reader> => ({ client: clientOf(program, given, io), signal });
  const found = await candidates(asked, open, given).catch(() => []);
  const current = words.at(-1) ?? "";
  return found
    .filter(({ value }) => value.startsWith(current) && PLAIN.test(value))
    .map(({ value, description }) => `${value}\t${description.replaceAll(/\s+/gu, " ")}`);
}

interface Reader {
  readonly client: KrmClient;
  readonly signal: AbortSignal;
}

async function candidates(
  asked: Exclude<Asked, { readonly type: "files" }>,
  open: () => Promise<Reader>,
  given: ReadonlyMap<string, string>,
): Promise<readonly Candidate[]> {
  switch (asked.type) {
    case "words":
      return asked.words;
    case "resources":
      return watched(await open()).catch(() => SIX);
    case "objects": {
      const { client, signal } = await open();
      const { resource } = wantedBy(asked.resource, "");
      const { items } = await client.list<Named>(resource, {
        namespace: given.get("--namespace"),
        limit: AT_MOST,
        signal,
      });
      return items.map(({ metadata }) => ({
        value: `${asked.before}${metadata.name}`,
        description: metadata.namespace ?? "",
      }));
    }
    case "namespaces":
      return (await namespaces(await open())).map((name) => ({ value: `${asked.before}${name}`, description: "" }));
  }
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

async function watched({ client, signal }: Reader): Promise<readonly Candidate[]> {
  const { scopes } = await client.status({ signal });
  return [...new Set(scopes.map(({ name }) => name))].map((name) => {
    const six = SIX.find(({ value }) => value === name);
    return six ?? { value: name, description: "" };
  });
}

/** As far as they are seen: of the objects of which there are few. */
async function namespaces({ client, signal }: Reader): Promise<readonly string[]> {
  const { scopes } = await client.status({ signal });
  const names = scopes.map(({ name }) => name);
  const lists = names.includes("namespaces") ? ["namespaces"] : ["deployments.apps", "services", "pods"];
  const found = await Promise.all(
    lists
      .filter((name) => names.includes(name))
      .map(async (name) => (await client.list<Named>(name, { limit: AT_MOST, signal })).items),
  );
  const all = found.flat().map(({ metadata }) => metadata.namespace ?? metadata.name);
  return [...new Set(all)].toSorted();
}

/** By the flags so far, else by the environment, as the command itself would be. */
function clientOf(program: Command, given: ReadonlyMap<string, string>, io: CliIo): KrmClient {
  const flags = program.commands.find((each) => each.name() === "get")?.options.filter((each) => each instanceof Flag);
  const valueOf = (long: string): string | undefined => {
    const flag = flags?.find((each) => each.long === long);
    const text = given.get(long) ?? (flag === undefined ? undefined : io.env[flag.variable]);
    return text === undefined || text === "" ? undefined : text;
  };
  const server = flags?.find(({ long }) => long === "--server");
  const text = valueOf("--server");
  const tokenFile = valueOf("--token-file");
  return openClient({
    server: String(text === undefined ? server?.defaultValue : server?.read(text, "--server")),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    allowInsecureToken: valueOf("--allow-insecure-token") === "true",
  });
}
