// All markets: what people believe, at a glance.

import { useMemo, useState } from "preact/hooks";
import { all, get, type Event, type Market } from "./api";
import { useFeed, useLoaded, useSettled, type Shown } from "./hooks";
import { count, showPrice, showVolume } from "./money";
import { allMarkets, chance, Empty, Failed, Loading, Sparkline, Status } from "./parts";

interface Everything {
  events: Event[];
  markets: Market[];
}

async function everything(): Promise<Everything> {
  const [events, markets] = await Promise.all([
    all<"events", Event>("/events", "events", { with_nested_markets: true }),
    allMarkets(),
  ]);
  return { events, markets };
}

export function Markets({ shown }: { shown: Shown }) {
  const [text, setText] = useState("");
  const [category, setCategory] = useState("");
  const { data, error, reload } = useLoaded(everything, []);
  const found = useLoaded(
    async () => (text.trim() ? (await get<{ markets: Market[] }>("/search/markets", { text, limit: 50 })).markets : null),
    [text.trim()],
  );
  const soon = useSettled(reload, 1_000);
  useFeed(data !== undefined, "ticker", [], soon, soon);

  const categories = useMemo(() => [...new Set(data?.markets.map((market) => market.category))].filter(Boolean).sort(), [data]);
  if (!data) return error ? <Failed error={error} again={reload} /> : <Loading what="markets" />;

  const wanted = (market: Market): boolean => !category || market.category === category;
  const events = data.events.filter((event) => event.markets.some(wanted));
  const grouped = new Set(data.events.flatMap((event) => event.markets.map((market) => market.ticker)));
  const alone = data.markets.filter((market) => !grouped.has(market.ticker) && wanted(market));
  return (
    <>
      <h1 class="unseen">Markets</h1>
      <div class="filters">
        <input
          type="search"
          placeholder="Search questions and rules"
          aria-label="Search markets"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class="choices" role="group" aria-label="Category">
          {["", ...categories].map((name) => (
            <button type="button" aria-pressed={category === name} onClick={() => setCategory(name)} key={name}>
              {name || "All"}
            </button>
          ))}
        </div>
      </div>
      {text.trim() ? (
        <Found {...{ found, shown }} />
      ) : (
        <div class="cards">
          {events.map((event) => (
            <EventCard key={event.event_ticker} event={event} shown={shown} />
          ))}
          {alone.map((market) => (
            <MarketCard key={market.ticker} market={market} shown={shown} />
          ))}
          {!events.length && !alone.length && <Empty>There is no market yet. An operator lists them.</Empty>}
        </div>
      )}
    </>
  );
}

function Found({ found, shown }: { found: ReturnType<typeof useLoaded<Market[] | null>>; shown: Shown }) {
  if (found.error) return <Failed error={found.error} again={found.reload} />;
  if (!found.data) return <Loading what="what fits" />;
  if (!found.data.length) return <Empty>No market has all of these words.</Empty>;
  return (
    <div class="cards">
      {found.data.map((market) => (
        <MarketCard key={market.ticker} market={market} shown={shown} />
      ))}
    </div>
  );
}

const link = (ticker: string): string => `#/markets/${encodeURIComponent(ticker)}`;

function MarketCard({ market, shown }: { market: Market; shown: Shown }) {
  const price = chance(market);
  return (
    <a class="card" href={link(market.ticker)}>
      <div class="card-head">
        <span class="quiet">{market.category}</span>
        <Status market={market} />
      </div>
      <h2>{market.title}</h2>
      {market.condition && (
        <p class="quiet">
          only if {market.condition.parent_ticker} ends {market.condition.required_result}
        </p>
      )}
      <div class="card-foot">
        <strong class="figure">{showPrice(price, shown.unit)}</strong>
        <Sparkline market={market} />
      </div>
      <p class="quiet">{showVolume(count(market.volume_fp))} contracts traded</p>
    </a>
  );
}

function EventCard({ event, shown }: { event: Event; shown: Shown }) {
  const markets = [...event.markets].sort((one, other) => (chance(other) ?? 0) - (chance(one) ?? 0));
  const volume = markets.reduce((sum, market) => sum + count(market.volume_fp), 0);
  return (
    <section class="card wide" aria-label={event.title}>
      <div class="card-head">
        <span class="quiet">{event.category}</span>
        <span class="quiet">one of {markets.length}</span>
      </div>
      <h2>{event.title}</h2>
      <ul class="outcomes">
        {markets.map((market) => {
          const price = chance(market);
          return (
            <li key={market.ticker}>
              <a href={link(market.ticker)}>
                <span class="outcome-name">{market.title}</span>
                <span class="meter" aria-hidden="true">
                  <span style={{ width: `${(price ?? 0) / 100}%` }} />
                </span>
                <strong class="figure">{showPrice(price, shown.unit)}</strong>
              </a>
            </li>
          );
        })}
      </ul>
      <p class="quiet">{showVolume(volume)} contracts traded</p>
    </section>
  );
}

