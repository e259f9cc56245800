// The steps in a page: what a test calls there.
import { readAndWatch } from "./read-and-watch.ts";

Object.assign(globalThis, { readAndWatch });
