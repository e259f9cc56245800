import type { JSX, TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { formatSpan } from "../text/time.ts";
import type { Column } from "./columns.ts";
import type { Row } from "./row.ts";
import { rowWindow, scrolledTo } from "./row-window.ts";
import type { Order } from "./sort.ts";

/** As in the style sheet. Pixels. */
const ROW_HEIGHT = 32;
const HEAD_HEIGHT = 36;
/** Of one share, so that no number is cut off: narrow screens scroll. Pixels. */
const LEAST_WIDTH = 66;

/** The rows as a grid that can be walked by the keys; only those in sight are made. */
export function ObjectTable({
  label,
  rows,
  columns,
  order,
  sortBy,
  opened,
  open,
  now,
}: {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  readonly order: Order;
  readonly sortBy: (column: string) => void;
  /** The key of the object whose details are shown. */
  readonly opened: string | undefined;
  readonly open: (key: string) => void;
  /** Wall clock of the server, epoch milliseconds. */
  readonly now: number;
}): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ top: 0, height: 600 });
  const [active, setActive] = useState<string>();
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const look = (): void => setPlace({ top: element.scrollTop, height: element.clientHeight - HEAD_HEIGHT });
    const resized = new ResizeObserver(look);
    resized.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [order, label]);

  const { first, end, above, below } = rowWindow(rows.length, { ...place, rowHeight: ROW_HEIGHT });
  const walk = (event: TargetedKeyboardEvent<HTMLTableElement>): void => {
    if (event.target !== event.currentTarget) return;
    const at = rows.findIndex(({ key }) => key === active);
    const next = walked(event.key, at, { count: rows.length, page: Math.floor(place.height / ROW_HEIGHT) });
    const row = rows[next ?? -1];
    if (event.key === "Enter" && active !== undefined && at >= 0) open(active);
    else if (row === undefined || next === undefined) return;
    else {
      setActive(row.key);
      const top = scrolledTo(next, { ...place, rowHeight: ROW_HEIGHT });
      if (top !== undefined) scroller.current?.scrollTo({ top });
    }
    event.preventDefault();
  };
  const shown = rows.slice(first, end);
  const activeAt = shown.findIndex(({ key }) => key === active);
  return (
    <div class="grid" ref={scroller}>
      {/* The grid is one stop of the Tab key; within, the arrow keys lead from row to row. */}
      <table
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={activeAt < 0 ? undefined : `row-${first + activeAt}`}
        tabIndex={0}
        style={{ minWidth: `${sum(columns) * LEAST_WIDTH}px` }}
        onKeyDown={walk}
      >
        <colgroup>
          {columns.map(({ id, width }) => (
            <col key={id} style={{ width: `${(width / sum(columns)) * 100}%` }} />
          ))}
        </colgroup>
        <thead>
          <tr role="row" aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.id} column={column} order={order} sortBy={sortBy} />
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && (
            <tr aria-hidden="true">
              <td colSpan={columns.length} style={{ height: `${above}px`, padding: 0 }} />
            </tr>
          )}
          {shown.map((row, index) => (
            <tr
              key={row.key}
              id={`row-${first + index}`}
              role="row"
              aria-rowindex={first + index + 2}
              aria-selected={row.key === opened}
              class={rowClass(row, active)}
              onClick={() => {
                setActive(row.key);
                open(row.key);
              }}
            >
              {columns.map((column, at) => {
                const text = cellText(column, row.cells[at] ?? "", now);
                return (
                  <td key={column.id} role="gridcell" class={column.numeric === true ? "number" : ""} title={text}>
                    {text}
                  </td>
                );
              })}
            </tr>
          ))}
          {below > 0 && (
            <tr aria-hidden="true">
              <td colSpan={columns.length} style={{ height: `${below}px`, padding: 0 }} />
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function Head({
  column: { id, title, about, numeric },
  order,
  sortBy,
}: {
  readonly column: Column;
  readonly order: Order;
  readonly sortBy: (column: string) => void;
}): JSX.Element {
  const sorted = order.column === id ? (order.descending ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" role="columnheader" class={numeric === true ? "number" : ""} aria-sort={sorted ?? "none"}>
      <button type="button" class="sort" onClick={() => sortBy(id)} title={about}>
        {title}
        <span class="arrow" aria-hidden="true">
          {sorted === undefined ? "" : sorted === "ascending" ? "↑" : "↓"}
        </span>
      </button>
    </th>
  );
}

/** Where a key leads; undefined: nowhere. `at` is -1 where no row is the active one. */
function walked(
  key: string,
  at: number,
  { count, page }: { readonly count: number; readonly page: number },
): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: count - 1,
  };
  const next = steps[key];
  return next === undefined || count === 0 ? undefined : Math.min(count - 1, Math.max(0, next));
}

/** A change is shown by a colour that fades; two classes take turns, so that each one begins anew. */
function rowClass({ key, changes }: Row, active: string | undefined): string {
  const news = changes === 0 ? "" : changes % 2 === 0 ? "changed" : "changed-again";
  return key === active ? `${news} active` : news;
}

function cellText({ format }: Column, value: string | number, now: number): string {
  if (typeof value === "string") return value;
  if (format === "age") return value === 0 ? "" : formatSpan((now - value) / 1000);
  return format === undefined ? String(value) : format(value);
}

function sum(columns: readonly Column[]): number {
  return columns.reduce((total, { width }) => total + width, 0);
}
