import type { Row } from "../row.ts";
import { GAP_ROWS } from "./gaps.ts";
import { HISTORY_ROWS } from "./histories.ts";
import { HTTP_ROWS } from "./http-simulator.ts";
import { LIST_ROWS } from "./lists.ts";
import { LYING_CACHE_ROWS } from "./lying-caches.ts";
import { SIMULATOR_ROWS } from "./simulator.ts";
import { TRANSPORT_ROWS } from "./transport.ts";
import { VERSION_ROWS } from "./versions.ts";
import { WATCH_ROWS } from "./watches.ts";

const TRAPS = [...WATCH_ROWS, ...LIST_ROWS, ...VERSION_ROWS, ...GAP_ROWS, ...TRANSPORT_ROWS];
const byTrap = (a: Row, b: Row): number => (a.trap ?? 99) - (b.trap ?? 99);

/** The whole matrix: the traps in their order, the simulator's faults, and what is more than one of them. */
export const ROWS: readonly Row[] = [
  ...[...TRAPS, ...LYING_CACHE_ROWS].toSorted(byTrap),
  ...SIMULATOR_ROWS,
  ...HTTP_ROWS,
  ...HISTORY_ROWS,
];
