// The steps as a program of a runtime: `program.js URL [TOKENFILE]`.
import { KrmClient } from "@krm/client";
import { readAndWatch } from "./read-and-watch.ts";

const [url = "", tokenFile] = process.argv.slice(2);
const options = { url, tokenFile };
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
await readAndWatch(options, say);
if (tokenFile === undefined) {
  const pods = await new KrmClient(options).getPods();
  say(`client-node ${pods.items[0]?.metadata?.creationTimestamp instanceof Date}`);
}
