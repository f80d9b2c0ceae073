// The operator's room: who holds an operator's key lists markets, ends them, and watches the exchange.

import { useEffect, useMemo, useState } from "preact/hooks";
import { all, type Event as Group, type Market } from "./api";
import { GiveKey } from "./acts";
import { useFeed, useLoaded, useSettled } from "./hooks";
import { FORGOTTEN_AFTER_MS, operatorKey } from "./key";
import { NewMarket } from "./listing";
import { count, showVolume } from "./money";
import { OperatedEvent, OperatedMarket } from "./operated";
import { allMarkets, Empty, Failed, Loading, Status } from "./parts";
import { Transfers } from "./transfers";
import { Watching } from "./watching";

export function Operator({ path }: { path: readonly string[] }) {
  const [key, setKey] = useState(operatorKey.id);
  const [done, setDone] = useState<string[]>([]);
  useEffect(() => operatorKey.watch(() => setKey(operatorKey.id)), []);
  useEffect(() => {
    const used = (): void => operatorKey.used();
    addEventListener("pointerdown", used);
    addEventListener("keydown", used);
    return () => {
      removeEventListener("pointerdown", used);
      removeEventListener("keydown", used);
    };
  }, []);
  if (!key) return <Door />;
  const say = (said: string): void => setDone((before) => [said, ...before].slice(0, 20));
  return (
    <div class="operator">
      <div class="operator-head">
        <nav aria-label="Operator">
          <Tab to="" here={path[0] ?? ""} name="Markets" />
          <Tab to="watch" here={path[0] ?? ""} name="Watch" />
          <Tab to="new" here={path[0] ?? ""} name="List" />
          <Tab to="money" here={path[0] ?? ""} name="Money" />
        </nav>
        <span class="quiet which-key">
          key <code>{key.slice(0, 8)}</code>
        </span>
        <button type="button" onClick={() => operatorKey.forget()}>
          Forget the key
        </button>
      </div>
      <div class="done" role="status">
        {done[0] && <p class="notice">{done[0]}</p>}
        {done.length > 1 && (
          <details>
            <summary class="quiet">Done before</summary>
            <ol>
              {done.slice(1).map((said, at) => (
                <li key={done.length - at}>{said}</li>
              ))}
            </ol>
          </details>
        )}
      </div>
      {room(path, say)}
    </div>
  );
}

function room(path: readonly string[], say: (said: string) => void) {
  const [where, name] = path;
  if (where === undefined) return <Book />;
  if (where === "new") return <NewMarket done={say} />;
  if (where === "money") return <Transfers done={say} />;
  if (where === "watch") return <Watching />;
  if (where === "markets" && name) return <OperatedMarket key={name} ticker={name} done={say} />;
  if (where === "events" && name) return <OperatedEvent key={name} name={name} done={say} />;
  return <Empty>There is nothing here.</Empty>;
}

function Tab({ to, here, name }: { to: string; here: string; name: string }) {
  const present = here === to || (to === "" && ["markets", "events"].includes(here));
  return (
    <a href={`#/operator${to && `/${to}`}`} {...(present ? { "aria-current": "page" as const } : {})}>
      {name}
    </a>
  );
}

const Door = () => (
  <div class="login">
    <h1>Operator</h1>
    <p class="quiet">
      Operators sign with a key that may do what operators do, such as <code>operator.json</code> in the exchange's folder names. The key stays in this page: nothing stores or sends it, and it is
      forgotten when the page is closed, or after {FORGOTTEN_AFTER_MS / 60_000} minutes without use.
    </p>
    <GiveKey />
  </div>
);

/** All markets by where they stand, those that wait for somebody first. */
function Book() {
  const [text, setText] = useState("");
  const { data, error, reload } = useLoaded(async () => {
    const [groups, markets] = await Promise.all([all<"events", Group>("/events", "events", { with_nested_markets: true }), allMarkets()]);
    return { groups, markets };
  }, []);
  const soon = useSettled(reload, 500);
  useFeed(data !== undefined, "market_lifecycle_v2", [], soon, soon);
  const words = text.trim().toLowerCase();
  const shown = useMemo(() => data?.markets.filter((market) => `${market.ticker} ${market.title}`.toLowerCase().includes(words)) ?? [], [data, words]);
  if (!data) return error ? <Failed error={error} again={reload} /> : <Loading what="markets" />;
  return (
    <>
      <h1 class="unseen">Markets</h1>
      <div class="filters">
        <input type="search" placeholder="Search tickers and questions" aria-label="Search markets" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </div>
      {SHELVES.map(([name, statuses]) => {
        const here = shown.filter((market) => statuses.includes(market.lifecycle_status));
        if (!here.length) return null;
        return (
          <section key={name} aria-label={name}>
            <h2>
              {name} <span class="quiet">{here.length}</span>
            </h2>
            <ul class="orders">
              {here.map((market) => (
                <Line key={market.ticker} market={market} />
              ))}
            </ul>
          </section>
        );
      })}
      {!shown.length && <Empty>{words ? "No market has these words." : "There is no market yet: list one."}</Empty>}
      {data.groups.length > 0 && (
        <section aria-label="Events">
          <h2>
            Events <span class="quiet">{data.groups.length}</span>
          </h2>
          <ul class="orders">
            {data.groups.map((group) => (
              <li key={group.event_ticker}>
                <a href={`#/operator/events/${encodeURIComponent(group.event_ticker)}`}>{group.title}</a>
                <span class="row-end">
                  <span class="quiet">{group.markets.length} markets</span>
                  <span class="chip">{group.lifecycle_status}</span>
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

const SHELVES: readonly (readonly [string, readonly string[]])[] = [
  ["Wait for a result", ["closed", "disputed"]],
  ["Result stated, not paid", ["determined"]],
  ["Paused", ["inactive"]],
  ["Open", ["active"]],
  ["Not open yet", ["initialized"]],
  ["Ended", ["finalized"]],
];

const Line = ({ market }: { market: Market }) => (
  <li>
    <span>
      <a href={`#/operator/markets/${encodeURIComponent(market.ticker)}`}>{market.title}</a> <code class="quiet">{market.ticker}</code>
    </span>
    <span class="row-end">
      <span class="quiet">{showVolume(count(market.open_interest_fp))} open</span>
      <Status market={market} />
    </span>
  </li>
);
