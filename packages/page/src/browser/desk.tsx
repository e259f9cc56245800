import type { DelaysStatus, ScopeStatusBody } from "@krm/protocol";
import type { JSX } from "preact";
import { useCallback } from "preact/hooks";
import { DelayPlot } from "./delay/delay-plot.tsx";
import { Ledger } from "./drift/ledger.tsx";
import { NO_FILTER } from "./objects/filter.ts";
import { Objects } from "./objects/objects.tsx";
import type { Session } from "./session/session.ts";
import { usePlace } from "./session/use-place.ts";
import { scopeKey } from "./status/event-rates.ts";
import { Facts } from "./status/facts.tsx";
import type { KnownStatus, StatusNews } from "./status/follow-status.ts";
import { Overview } from "./status/overview.tsx";
import { ResourceLinks } from "./status/resource-links.tsx";
import { StatePill } from "./status/state-pill.tsx";
import { useKnownResources, useStatus } from "./status/use-status.ts";
import { formatSpan } from "./text/time.ts";
import { useNow } from "./text/use-now.ts";

/** All that one reader can see. */
export function Desk({
  session,
  askForToken,
}: {
  readonly session: Session;
  readonly askForToken: () => void;
}): JSX.Element {
  const news = useStatus(session);
  const [place, go] = usePlace();
  const now = useNow();
  const status = news.type === "known" || news.type === "lost" ? news.status : undefined;
  const known = useKnownResources(session, news.type === "refused" && news.code === 403);
  const resources = status === undefined ? known : [...new Set(status.body.scopes.map(({ resource }) => resource))];
  const resource = place.resource ?? resources?.[0];
  const scopes = status?.body.scopes.filter((scope) => scope.resource === resource) ?? [];
  const isUnknown = news.type === "refused" && news.code === 401;
  const select = useCallback((next: string) => go({ resource: next, filter: NO_FILTER }), [go]);
  const serverNow = status === undefined ? Date.now() : Date.parse(status.body.time) + (now - status.heardAt);
  return (
    <>
      <header class="top">
        <h1>
          <span class="mark" aria-hidden="true" /> KRM
        </h1>
        {news.type === "known" && <StatePill state={news.status.body.state} />}
        <StatusMark news={news} now={now} />
        <button type="button" onClick={askForToken}>
          {session.token === undefined ? "Token…" : "Token ✓"}
        </button>
      </header>
      <main class={news.type === "lost" ? "old" : ""}>
        {news.type === "refused" && (
          <p class={`notice ${isUnknown ? "bad" : "fair"}`} role="alert">
            <strong>{news.code}</strong>{" "}
            {isUnknown
              ? "The server asks who you are. Give it a token that it knows."
              : "You may not see the status of the server; objects are shown as far as you may see them."}{" "}
            {isUnknown && (
              <button type="button" class="primary" onClick={askForToken}>
                Give a token
              </button>
            )}
          </p>
        )}
        {news.type === "asking" && <p class="quiet">Asking the server…</p>}
        {status !== undefined && <Overview status={status} now={serverNow} selected={resource} select={select} />}
        {status !== undefined && status.body.scopes.length === 0 && <p class="empty">Nothing is watched yet.</p>}
        {status === undefined && known !== undefined && (
          <ResourceLinks resources={known} selected={resource} select={select} />
        )}
        {resource !== undefined && !isUnknown && (
          <>
            <h2 class="resource">{nameOf(resource, status)}</h2>
            {status !== undefined && <Details scopes={scopes} status={status} now={serverNow} />}
            <Objects
              key={resource}
              session={session}
              resource={resource}
              title={nameOf(resource, status)}
              filter={place.filter}
              change={(filter) => go({ resource, filter })}
              scopes={scopes}
              now={serverNow}
              askForToken={askForToken}
            />
          </>
        )}
      </main>
    </>
  );
}

/** What the status says of a resource, scope by scope. */
function Details({
  scopes,
  status,
  now,
}: {
  readonly scopes: readonly ScopeStatusBody[];
  readonly status: KnownStatus;
  readonly now: number;
}): JSX.Element {
  const [first] = scopes;
  if (first === undefined) return <></>;
  if (scopes.length === 1) return <ScopeDetails scope={first} delays={status.delays.get(scopeKey(first))} now={now} />;
  return (
    <div class="scopes scrolled">
      {scopes.map((scope, index) => (
        <details key={scopeKey(scope)} open={index === 0}>
          <summary>
            in {scope.namespace} <StatePill state={scope.state} />
          </summary>
          <ScopeDetails scope={scope} delays={status.delays.get(scopeKey(scope))} now={now} />
        </details>
      ))}
    </div>
  );
}

function ScopeDetails({
  scope,
  delays,
  now,
}: {
  readonly scope: ScopeStatusBody;
  readonly delays: DelaysStatus | undefined;
  readonly now: number;
}): JSX.Element {
  const where = scope.namespace === undefined ? "" : ` in ${scope.namespace}`;
  return (
    <>
      <Facts scope={scope} now={now} />
      <div class="pair">
        <DelayPlot delays={delays} where={where} now={now} />
        <Ledger merger={scope.merger} where={where} now={now} />
      </div>
    </>
  );
}

function StatusMark({ news, now }: { readonly news: StatusNews; readonly now: number }): JSX.Element {
  if (news.type !== "lost") return <span class="grow" />;
  const age =
    news.status === undefined ? "" : `, shown as it was ${formatSpan((now - news.status.heardAt) / 1000)} ago`;
  return (
    <span class="grow" title={news.message}>
      <span class="pill bad">no answer</span>{" "}
      <span class="wrong">
        {/* Told once: its age would be read out each second. */}
        <span role="status">The server does not answer</span>
        {age}
      </span>
    </span>
  );
}

function nameOf(resource: string, status: KnownStatus | undefined): string {
  const scope = status?.body.scopes.find((each) => each.resource === resource);
  return scope?.name ?? resource.split("/").at(-1) ?? resource;
}
