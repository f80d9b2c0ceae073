// One market: its book, its price, its trades, one's own part in it, now and at any moment of its life.

import { useEffect, useState } from "preact/hooks";
import { get, type Refused, remove, type Book, type Market, type Order, type Position, type Trade } from "./api";
import { changed, mirrorOf, type Mirror, type Side } from "./book";
import { BookLadder } from "./ladder";
import { useFeed, useLoaded, useModule, useSettled, type Shown } from "./hooks";
import { count, micro, showCount, showGain, showMoney, showPrice, showVolume, ticks } from "./money";
import { candlesOf, chance, Empty, Failed, Loading, periodFor, Status, When } from "./parts";
import { Ticket } from "./ticket";

const TRADES = 30;

interface Own {
  balance: { cash_microdollars: number; reserved_microdollars: number };
  market_positions: Position[];
  orders: Order[];
}

export function MarketPage({ ticker, at, shown }: { ticker: string; at: number | null; shown: Shown }) {
  const [side, setSide] = useState<Side>("yes");
  const [price, setPrice] = useState("");
  const [notice, setNotice] = useState("");
  const path = `/markets/${encodeURIComponent(ticker)}`;
  const past = at === null ? {} : { as_of_ts: at };
  const now = at === null;

  const market = useLoaded(async () => (await get<{ market: Market }>(path, past)).market, [ticker, at]);
  const present = useLoaded(async () => (await get<{ market: Market }>(path)).market, [ticker]);
  const trades = useLoaded(
    async () => (await get<{ trades: Trade[] }>("/markets/trades", { ticker, limit: TRADES, max_ts: at === null ? null : Math.floor(at) })).trades,
    [ticker, at],
  );
  const book = useMirror(ticker, at);
  const drawing = useModule(() => import("./chart"));
  const whatIf = useModule(() => import("./whatif"), !now);
  const own = useOwn(ticker, at, shown.account);
  const soon = useSettled(() => {
    market.reload();
    trades.reload();
  }, 400);
  useFeed(now, "trade", [ticker], soon, soon);
  useFeed(now, "market_lifecycle_v2", [ticker], soon, soon);

  const best = book.mirror && market.data ? chance(market.data) : null;
  useEffect(() => setPrice(""), [ticker]);
  useEffect(() => {
    if (price === "" && best !== null) setPrice(String(Math.min(99, Math.max(1, Math.round(best / 100)))));
  }, [best, price === ""]);

  if (!market.data) {
    return market.error ? <Failed error={market.error} again={market.reload} /> : <Loading what="the market" />;
  }
  const stated = chance(market.data);
  return (
    <article class="market">
      <header>
        <p class="quiet">
          <a href="#/">Markets</a> · {market.data.category} · <code>{ticker}</code>
        </p>
        <h1>{market.data.title}</h1>
        <p class="headline">
          <strong class="figure large">{showPrice(side === "yes" || stated === null ? stated : 10_000 - stated, shown.unit)}</strong>{" "}
          <span class="quiet">{side}</span> <Status market={market.data} />
          <span class="quiet">{showVolume(count(market.data.volume_fp))} traded</span>
          <span class="quiet">{showVolume(count(market.data.open_interest_fp))} open</span>
        </p>
        {market.data.condition && (
          <p>
            Counts only if <a href={`#/markets/${market.data.condition.parent_ticker}`}>{market.data.condition.parent_ticker}</a> ends{" "}
            {market.data.condition.required_result}; otherwise every trade is undone.
          </p>
        )}
      </header>
      {present.data && <TimeMachine ticker={ticker} market={present.data} at={at} />}
      <div class="columns">
        <div>
          <Price {...{ market: market.data, at, side, shown, drawing }} turn={trades.data?.[0]?.trade_id} />
          <Trades trades={trades.data} error={trades.error} side={side} shown={shown} />
          <Rules market={market.data} />
        </div>
        <section aria-label="Order book">
          <h2>Book</h2>
          {book.mirror ? (
            <BookLadder
              mirror={book.mirror}
              side={side}
              unit={shown.unit}
              {...(now ? { choose: (chosen: number) => setPrice(String(chosen / 100)) } : {})}
            />
          ) : book.error ? (
            <Failed error={book.error} again={book.reload} />
          ) : (
            <Loading what="the book" />
          )}
        </section>
        <div class="own">
          {now && book.mirror && shown.account && (
            <Ticket
              {...{ market: market.data, mirror: book.mirror, side, setSide, price, setPrice, unit: shown.unit }}
              position={own.data?.market_positions[0]}
              cash={own.data && own.data.balance.cash_microdollars - own.data.balance.reserved_microdollars}
              placed={(order) => {
                setNotice(told(order));
                own.reload();
              }}
            />
          )}
          {now && !shown.account && (
            <p class="invite">
              <a class="button" href={`#/login?to=${encodeURIComponent(`#/markets/${ticker}`)}`}>
                Log in to trade
              </a>
            </p>
          )}
          <p class="notice" role="status">
            {notice}
          </p>
          {!now && shown.account && whatIf && <whatIf.WhatIf key={at} {...{ market: market.data, at, shown }} />}
          {shown.account && <OwnPart {...{ own, ticker, shown, now }} said={setNotice} />}
        </div>
      </div>
    </article>
  );
}

function told(order: Order): string {
  const [filled, left] = [count(order.fill_count_fp), count(order.remaining_count_fp)];
  if (left === 0) return filled ? `Filled: ${showCount(filled)}.` : "Nothing filled.";
  return filled ? `${showCount(filled)} filled, ${showCount(left)} in the book.` : `In the book: ${showCount(left)}.`;
}

/** Return the book of a moment, or the present one, kept up to date by the feed. */
function useMirror(ticker: string, at: number | null) {
  const loaded = useLoaded(async () => {
    const path = `/markets/${encodeURIComponent(ticker)}/orderbook`;
    const { orderbook } = await get<{ orderbook: Book }>(path, { as_of_ts: at });
    return mirrorOf(orderbook);
  }, [ticker, at]);
  const [followed, setFollowed] = useState<Mirror>();
  useEffect(() => setFollowed(undefined), [ticker, at]);
  useFeed(
    at === null,
    "orderbook_delta",
    [ticker],
    (type, msg) => {
      if (type === "orderbook_snapshot") {
        const levels = msg as { yes_dollars_fp?: Book["yes_dollars"]; no_dollars_fp?: Book["no_dollars"] };
        setFollowed(mirrorOf({ yes_dollars: levels.yes_dollars_fp ?? [], no_dollars: levels.no_dollars_fp ?? [] }));
      } else {
        const { side, price_dollars, delta_fp } = msg as { side: Side; price_dollars: string; delta_fp: string };
        setFollowed((book) => book && changed(book, side, ticks(price_dollars), count(delta_fp)));
      }
    },
    () => {
      setFollowed(undefined); // the feed begins with a snapshot when it is back; till then the book is asked for
      loaded.reload();
    },
  );
  return { mirror: followed ?? loaded.data, error: loaded.error, reload: loaded.reload };
}

/** Return one's own money, position and orders here, followed while one looks at the present. */
function useOwn(ticker: string, at: number | null, account: string | null) {
  const own = useLoaded(async (): Promise<Own | undefined> => {
    if (!account) return undefined;
    const [balance, positions, orders] = await Promise.all([
      get<Own["balance"]>("/portfolio/balance"),
      get<{ market_positions: Position[] }>("/portfolio/positions", { ticker, as_of_ts: at }),
      at === null ? get<{ orders: Order[] }>("/portfolio/orders", { ticker, limit: 50 }) : { orders: [] },
    ]);
    return { balance, ...positions, ...orders };
  }, [ticker, at, account]);
  const soon = useSettled(own.reload, 200);
  const on = at === null && account !== null;
  useFeed(on, "user_orders", [], soon, soon);
  useFeed(on, "market_positions", [], soon, soon);
  return own;
}

interface PriceProps {
  market: Market;
  at: number | null;
  side: Side;
  shown: Shown;
  turn: string | undefined;
  drawing: typeof import("./chart") | undefined;
}

function Price({ market, at, side, shown, turn, drawing }: PriceProps) {
  const candles = useLoaded(async () => {
    const to = at ?? Date.now() / 1000;
    const from = Date.parse(market.created_time) / 1000;
    const minutes = periodFor(to - from);
    const candlesticks = await candlesOf(market, Math.max(from, to - minutes * 60 * 500), to, minutes);
    return at === null ? candlesticks : candlesticks.filter(({ end_period_ts }) => end_period_ts - minutes * 60 <= to);
  }, [market.ticker, at, turn]);
  if (candles.error) return <Failed error={candles.error} again={candles.reload} />;
  if (!candles.data || !drawing) return <Loading what="prices" />;
  if (!candles.data.length) return <Empty>Nobody has traded yet.</Empty>;
  const says = `Price of ${side} over time, ${candles.data.length} candles; last ${showPrice(ticks(market.last_price_dollars), shown.unit)} for yes`;
  return <drawing.PriceChart {...{ candles: candles.data, side, shown, says }} />;
}

function Trades({ trades, error, side, shown }: { trades: Trade[] | undefined; error: Refused | undefined; side: Side; shown: Shown }) {
  return (
    <section aria-label="Trades">
      <h2>Trades</h2>
      {error && !trades && <Failed error={error} />}
      {trades?.length === 0 && <Empty>None yet.</Empty>}
      <ol class="trades" tabIndex={0} aria-label="Trades, newest first">
        {trades?.map((trade) => {
          const price = ticks(trade.yes_price_dollars);
          return (
            <li key={trade.trade_id}>
              <span class={`figure ${trade.taker_side === side ? "up" : "down"}`}>{showPrice(side === "yes" ? price : 10_000 - price, shown.unit)}</span>
              <span class="figure">{showCount(count(trade.count_fp))}</span>
              <span class="quiet">
                <When time={trade.created_time} />
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Rules({ market }: { market: Market }) {
  return (
    <section aria-label="Rules">
      <h2>
        Rules <span class="quiet">version {market.rules_version}</span>
      </h2>
      <p class="rules">{market.rules_primary || "None are written down."}</p>
      {market.rules_version > 1 && <EarlierRules key={`${market.ticker} ${market.rules_version}`} market={market} />}
    </section>
  );
}

interface RulesVersion {
  version: number;
  rules: string;
  since_time: string;
  market_version: number;
}

/** What the rules were before: trades are judged by the version that stood when they were made. */
function EarlierRules({ market }: { market: Market }) {
  const [open, setOpen] = useState(false);
  const path = `/markets/${encodeURIComponent(market.ticker)}/rules`;
  const texts = useLoaded(async () => (open ? (await get<{ versions: RulesVersion[] }>(path)).versions : undefined), [open]);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>How they were before</summary>
      {texts.error && <Failed error={texts.error} again={texts.reload} />}
      {open && !texts.data && !texts.error && <Loading what="earlier rules" />}
      <ol class="steps">
        {texts.data
          ?.filter(({ version }) => version < market.rules_version)
          .reverse()
          .map(({ version, rules, since_time }) => (
            <li key={version}>
              <strong>Version {version}</strong>{" "}
              <span class="quiet">
                from <When time={since_time} /> on ·{" "}
                <a href={`#/markets/${encodeURIComponent(market.ticker)}?at=${(Date.parse(since_time) + 1) / 1000}`}>the market then</a>
              </span>
              <p class="rules">{rules || "None were written down."}</p>
            </li>
          ))}
      </ol>
    </details>
  );
}

const STEPS = 1_000;

/** A slider over the market's whole life. Its address is a link to the moment. */
function TimeMachine({ ticker, market, at }: { ticker: string; market: Market; at: number | null }) {
  const from = Date.parse(market.created_time) / 1000;
  const [to, setTo] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (at !== null) return undefined;
    const clock = setInterval(() => setTo(Date.now() / 1000), 5_000);
    return () => clearInterval(clock);
  }, [at === null]);
  const go = (moment: number | null): void => {
    const address = `#/markets/${encodeURIComponent(ticker)}`;
    location.replace(moment === null ? address : `${address}?at=${moment.toFixed(3)}`);
  };
  const [dragged, setDragged] = useState<number>();
  const value = dragged ?? (at === null ? STEPS : Math.round(((at - from) / Math.max(to - from, 1)) * STEPS));
  const momentOf = (step: number): number => from + ((to - from) * step) / STEPS;
  const moment = new Date((dragged === undefined ? (at ?? to) : momentOf(dragged)) * 1000);
  return (
    <div class={`time-machine ${at === null ? "" : "past"}`}>
      <label>
        <span class="unseen">Moment of the market's life</span>
        <input
          type="range"
          min={1}
          max={STEPS}
          value={value}
          aria-valuetext={at === null && dragged === undefined ? "now" : moment.toLocaleString()}
          onInput={(event) => setDragged(Number(event.currentTarget.value))}
          onChange={(event) => {
            const step = Number(event.currentTarget.value);
            setDragged(undefined);
            go(step >= STEPS ? null : momentOf(step));
          }}
        />
      </label>
      <span class="figure">{at === null && dragged === undefined ? "now" : moment.toLocaleString()}</span>
      {at !== null && (
        <button type="button" onClick={() => go(null)}>
          Back to now
        </button>
      )}
    </div>
  );
}

interface OwnProps {
  own: ReturnType<typeof useOwn>;
  ticker: string;
  shown: Shown;
  now: boolean;
  said: (notice: string) => void;
}

function OwnPart({ own, ticker, shown, now, said }: OwnProps) {
  if (own.error) return <Failed error={own.error} again={own.reload} />;
  if (!own.data) return <Loading what="your part" />;
  const position = own.data.market_positions[0];
  const resting = own.data.orders.filter((order) => order.status === "resting");
  const ended = own.data.orders.filter((order) => order.status !== "resting").slice(0, 5);
  return (
    <>
      <section aria-label="Your position">
        <h2>You{now ? "" : " then"}</h2>
        {position && count(position.position_fp) !== 0 ? (
          <dl class="figures">
            <dt>Held</dt>
            <dd>
              {showCount(Math.abs(count(position.position_fp)))} {count(position.position_fp) > 0 ? "yes" : "no"}
            </dd>
            <dt>Cost</dt>
            <dd>{showMoney(micro(position.market_exposure_dollars))}</dd>
            <dt>Realized</dt>
            <dd>{showGain(micro(position.realized_pnl_dollars))}</dd>
            <dt>Fees</dt>
            <dd>{showMoney(micro(position.fees_paid_dollars))}</dd>
          </dl>
        ) : (
          <p class="quiet">You hold nothing here{now ? "" : " at that moment"}.</p>
        )}
      </section>
      {now && (
        <section aria-label="Your orders">
          <h2>Your orders</h2>
          {!own.data.orders.length && <p class="quiet">None yet.</p>}
          <ul class="orders">
            {resting.map((order) => (
              <OrderRow key={order.order_id} order={order} shown={shown} done={own.reload} said={said} />
            ))}
            {ended.map((order) => (
              <OrderRow key={order.order_id} order={order} shown={shown} />
            ))}
          </ul>
          <p class="quiet">
            <a href={`#/portfolio?ticker=${encodeURIComponent(ticker)}`}>All of your orders and fills</a>
          </p>
        </section>
      )}
    </>
  );
}

/** One order in words, with a way to take it off while it rests. */
export function OrderRow({ order, shown, done, said, titled }: { order: Order; shown: Shown; done?: () => void; said?: (notice: string) => void; titled?: boolean }) {
  const [taking, setTaking] = useState(false);
  const price = ticks(order.side === "yes" ? order.yes_price_dollars : order.no_price_dollars);
  const size = `${showCount(count(order.fill_count_fp))} of ${showCount(count(order.initial_count_fp))}`;
  async function cancel(): Promise<void> {
    setTaking(true);
    try {
      await remove(`/portfolio/orders/${encodeURIComponent(order.order_id)}`);
      said?.("Taken off.");
    } catch (error) {
      said?.((error as Refused).message);
    }
    setTaking(false);
    done?.();
  }
  return (
    <li>
      <span>
        {titled && (
          <>
            <a href={`#/markets/${encodeURIComponent(order.ticker)}`}>{order.ticker}</a>{" "}
          </>
        )}
        {order.action} {order.side} <span class="figure">{showPrice(price, shown.unit)}</span>
        <span class="quiet"> · {size} filled</span>
      </span>
      <span class="row-end">
        <a class="quiet" href={`#/why/${encodeURIComponent(order.order_id)}`}>
          {order.status === "resting" ? "resting" : order.status}
        </a>
        {order.status === "resting" && done && (
          <button type="button" disabled={taking} onClick={() => void cancel()} aria-label={`Cancel ${order.action} ${order.side} at ${showPrice(price, shown.unit)}`}>
            Cancel
          </button>
        )}
      </span>
    </li>
  );
}
