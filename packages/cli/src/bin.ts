#!/usr/bin/env node
import { processIo } from "./process-io.ts";
import { run } from "./run.ts";

const io = processIo();
const code = await run(process.argv.slice(2), io);
// Ended in so many words: a connection that is kept open for reuse must not hold up the end.
process.exit(await io.settle(code));
