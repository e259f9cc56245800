import type { ScopeStatusBody } from "@krm/protocol";
import type { ComponentChildren, JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { ObjectDrawer } from "../object/object-drawer.tsx";
import type { Session } from "../session/session.ts";
import { columnsOf } from "./columns.ts";
import { compileFilter, type Filter, NO_FILTER } from "./filter.ts";
import { Filters } from "./filters.tsx";
import type { Following } from "./follow-objects.ts";
import { OneNamespace } from "./one-namespace.tsx";
import { ObjectTable } from "./object-table.tsx";
import type { Row } from "./row.ts";
import type { RowSet } from "./row-set.ts";
import { BY_KEY, type Order, sortRows } from "./sort.ts";
import { useObjects } from "./use-objects.ts";

/** The objects of one resource, as they change. */
export function Objects({
  session,
  resource,
  title,
  filter,
  change,
  scopes,
  now,
  askForToken,
}: {
  readonly session: Session;
  readonly resource: string;
  readonly title: string;
  readonly filter: Filter;
  readonly change: (filter: Filter) => void;
  /** What is known of its scopes. */
  readonly scopes: readonly ScopeStatusBody[];
  readonly now: number;
  readonly askForToken: () => void;
}): JSX.Element {
  const columns = columnsOf(resource);
  // For whom all namespaces are too much.
  const [within, setWithin] = useState<string>();
  const { set, following, version } = useObjects(session, { resource, namespace: within }, columns);
  const [order, setOrder] = useState<Order>(BY_KEY);
  const [opened, setOpened] = useState<string>();
  const compiled = useMemo(() => compileFilter(filter), [filter]);
  const rows = useMemo(() => [...set.rows.values()], [set, version]);
  const shown = useMemo(() => {
    const passing = compiled.type === "filter" ? rows.filter(compiled.passes) : [];
    return sortRows(passing, columns, order);
  }, [rows, compiled, columns, order]);
  const sortBy = useCallback(
    (column: string) => setOrder((before) => ({ column, descending: before.column === column && !before.descending })),
    [],
  );
  const refused = following.type === "refused";
  useEffect(() => {
    if (refused) setOpened(undefined);
  }, [refused]);
  const wrong = compiled.type === "invalid" ? compiled.message : undefined;
  const has = (column: string): boolean => columns.some(({ id }) => id === column);
  // What is offered to be chosen need not be looked up for each change.
  const namespaces = useMemo(
    () => (has("namespace") ? valuesOf(rows, ({ namespace }) => namespace) : undefined),
    [rows.length, columns],
  );
  const nodes = useMemo(() => (has("node") ? valuesOf(rows, ({ node }) => node) : undefined), [rows.length, columns]);
  return (
    <section class="card objects" aria-labelledby="objects-title">
      <div class="titled">
        <h3 id="objects-title">Objects{within !== undefined && <span class="quiet"> in {within}</span>}</h3>
        <FollowingMark following={following} />
        {within !== undefined && (
          <button type="button" onClick={() => setWithin(undefined)}>
            Another namespace
          </button>
        )}
        {/* What comes and goes by itself is not read out. */}
        <p class="count" role={isFiltered(filter) ? "status" : undefined}>
          {refused ? "" : countText(shown.length, set)}
        </p>
      </div>
      {refused ? (
        <Refused following={following} title={title} askForToken={askForToken}>
          {following.code === 403 && has("namespace") && <OneNamespace choose={setWithin} />}
        </Refused>
      ) : (
        <>
          <Filters filter={filter} change={change} namespaces={namespaces} nodes={nodes} wrong={wrong} />
          {following.type === "broken" && (
            <p class="notice fair" role="status">
              The watch is not connected, and tries again by itself: {following.message}
            </p>
          )}
          <ObjectTable
            label={title}
            rows={shown}
            columns={columns}
            order={order}
            sortBy={sortBy}
            opened={opened}
            open={setOpened}
            now={now}
          />
          {shown.length === 0 && <Nothing set={set} filter={filter} clear={() => change(NO_FILTER)} />}
        </>
      )}
      {opened !== undefined && !refused && (
        <ObjectDrawer
          key={opened}
          session={session}
          resource={resource}
          objectKey={opened}
          row={set.rows.get(opened)}
          scope={scopeOf(opened, scopes)}
          now={now}
          close={() => setOpened(undefined)}
        />
      )}
    </section>
  );
}

function Nothing({
  set,
  filter,
  clear,
}: {
  readonly set: RowSet;
  readonly filter: Filter;
  readonly clear: () => void;
}): JSX.Element | null {
  if (!set.complete) return null;
  if (!isFiltered(filter)) return <p class="empty">There are none.</p>;
  return (
    <p class="empty">
      None of {set.rows.size.toLocaleString("en")} matches.{" "}
      <button type="button" onClick={clear}>
        Show all
      </button>
    </p>
  );
}

function Refused({
  following,
  title,
  askForToken,
  children,
}: {
  readonly following: Extract<Following, { readonly type: "refused" }>;
  readonly title: string;
  readonly askForToken: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="refused" role="alert">
      <p>
        <strong>{following.code ?? "Error"}</strong>{" "}
        {following.code === 401
          ? "The server does not know who asks."
          : following.code === 403
            ? `You may not watch ${title} here.`
            : `${title} cannot be watched.`}
      </p>
      <p class="quiet">{following.message}</p>
      {children}
      {(following.code === 401 || following.code === 403) && (
        <button type="button" onClick={askForToken}>
          Give a token
        </button>
      )}
    </div>
  );
}

const FOLLOWING_WORDS: Readonly<Record<Following["type"], readonly [tone: string, word: string]>> = {
  connecting: ["busy", "connecting"],
  live: ["good", "live"],
  broken: ["fair", "reconnecting"],
  refused: ["bad", "refused"],
};

function FollowingMark({ following }: { readonly following: Following }): JSX.Element {
  const [tone, word] = FOLLOWING_WORDS[following.type];
  return (
    <span class={`pill ${tone}`} role="status">
      {word}
    </span>
  );
}

function countText(shown: number, { rows, complete, told }: RowSet): string {
  const all = rows.size.toLocaleString("en");
  if (!complete) return told === undefined ? "" : `${all} so far…`;
  const count = shown === rows.size ? all : `${shown.toLocaleString("en")} of ${all}`;
  return told === undefined ? count : `${count}, being read anew…`;
}

function isFiltered(filter: Filter): boolean {
  return Object.values(filter).some((part) => part !== "");
}

/** The scope that an object is in. */
function scopeOf(key: string, scopes: readonly ScopeStatusBody[]): ScopeStatusBody | undefined {
  return scopes.find(({ namespace }) => namespace === undefined || key.startsWith(`${namespace}/`));
}

function valuesOf(rows: readonly Row[], value: (row: Row) => string): readonly string[] {
  const values = new Set<string>();
  for (const row of rows) values.add(value(row));
  values.delete("");
  return [...values].toSorted();
}
