// Small pieces that every view is made of.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { all, get, type Candle, type Event, type Market, type Refused } from "./api";
import { ticks, type Ticks } from "./money";

export const Loading = ({ what }: { what: string }) => (
  <p class="state" role="status">
    <span class="pulse" aria-hidden="true" /> Loading {what}…
  </p>
);

export const Empty = ({ children }: { children: ComponentChildren }) => <p class="state">{children}</p>;

export function Failed({ error, again }: { error: Refused; again?: () => void }) {
  return (
    <div class="state failed" role="alert">
      <p>{error.message}</p>
      <p class="quiet">
        <code>{error.code}</code>
      </p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

const WORDS: Record<string, string> = {
  initialized: "not open yet",
  active: "open",
  inactive: "paused",
  closed: "closed",
  determined: "result stated",
  disputed: "disputed",
  finalized: "settled",
};

export function Status({ market }: { market: Market }) {
  const { lifecycle_status: status, lifecycle_result: result } = market;
  const text = result ? `${WORDS[status] ?? status}: ${result}` : (WORDS[status] ?? status);
  return <span class={`chip ${status} ${result ?? ""}`}>{text}</span>;
}

/** Return the chance that a market states: between its bid and ask, or the last price. */
export function chance(market: Market): Ticks | null {
  const [bid, ask] = [ticks(market.yes_bid_dollars), ticks(market.yes_ask_dollars)];
  if (market.lifecycle_result === "yes") return 10_000;
  if (market.lifecycle_result === "no") return 0;
  if (bid > 0 && ask > 0 && ask < 10_000) return Math.round((bid + ask) / 2);
  const last = ticks(market.last_price_dollars);
  return last > 0 ? last : null;
}

/** The way of the price in a few strokes, loaded when it comes into view. */
export function Sparkline({ market }: { market: Market }) {
  const place = useRef<HTMLDivElement>(null);
  const [closes, setCloses] = useState<number[]>();
  useEffect(() => {
    let gone = false;
    const seen = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      seen.disconnect();
      void closesOf(market).then(
        (found) => gone || setCloses(found),
        () => undefined, // a picture less
      );
    });
    if (place.current) seen.observe(place.current);
    return () => {
      gone = true;
      seen.disconnect();
    };
  }, [market.ticker, closes?.length ? "" : market.volume_fp]); // a first trade is a first stroke
  return (
    <div class="sparkline" ref={place} aria-hidden="true">
      {closes?.[0] !== undefined && <Line values={closes.length > 1 ? closes : [closes[0], closes[0]]} />}
    </div>
  );
}

function Line({ values }: { values: readonly number[] }) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(high - low, 200);
  const middle = (low + high) / 2;
  const points = values.map((value, at) => {
    const x = (at / (values.length - 1)) * 100;
    return `${x.toFixed(1)},${(16 - ((value - middle) / span) * 26).toFixed(1)}`;
  });
  const rising = (values.at(-1) ?? 0) >= (values[0] ?? 0);
  return (
    <svg viewBox="0 0 100 32" preserveAspectRatio="none" class={rising ? "up" : "down"}>
      <polyline points={points.join(" ")} />
    </svg>
  );
}

/** Return the period, in minutes, that shows a market's life in some hundred candles. */
export function periodFor(seconds: number): 1 | 60 | 1440 {
  if (seconds <= 6 * 3600) return 1;
  return seconds <= 30 * 86_400 ? 60 : 1440;
}

const seriesOfEvents = new Map<string, Promise<string>>();

/** Return the name that a market's candles are asked for under; what has no event is a series of its own. */
function seriesOf({ ticker, event_ticker: event }: Market): Promise<string> {
  if (!event) return Promise.resolve(ticker);
  const known = seriesOfEvents.get(event);
  if (known) return known;
  const asked = get<{ event: Event }>(`/events/${encodeURIComponent(event)}`).then((answer) => answer.event.series_ticker);
  seriesOfEvents.set(event, asked);
  asked.catch(() => seriesOfEvents.delete(event));
  return asked;
}

export async function candlesOf(market: Market, from: number, to: number, minutes: number): Promise<Candle[]> {
  const path = `/series/${encodeURIComponent(await seriesOf(market))}/markets/${encodeURIComponent(market.ticker)}/candlesticks`;
  const query = { start_ts: Math.floor(from), end_ts: Math.ceil(to) + minutes * 60, period_interval: minutes };
  return (await get<{ candlesticks: Candle[] }>(path, query)).candlesticks;
}

interface Asked {
  market: Market;
  answer: (closes: number[]) => void;
  fail: (fault: unknown) => void;
}

const SPAN_S = 7 * 86_400;
const TOGETHER_MS = 30;
const AT_ONCE = 25; // six hours of minutes, or a week of hours, for so many is within one answer
const asked: Asked[] = [];

/** Return a market's prices of late. What is asked for at about the same time is asked for together. */
function closesOf(market: Market): Promise<number[]> {
  if (!asked.length) setTimeout(askTogether, TOGETHER_MS);
  return new Promise((answer, fail) => asked.push({ market, answer, fail }));
}

function askTogether(): void {
  const now = Date.now() / 1000;
  const byPeriod = new Map<number, Asked[]>();
  for (const each of asked.splice(0)) {
    const minutes = periodFor(Math.min(SPAN_S, now - Date.parse(each.market.created_time) / 1000));
    byPeriod.set(minutes, [...(byPeriod.get(minutes) ?? []), each]);
  }
  for (const [minutes, those] of byPeriod) {
    for (let at = 0; at < those.length; at += AT_ONCE) void closesOfMany(those.slice(at, at + AT_ONCE), now, minutes);
  }
}

async function closesOfMany(those: readonly Asked[], now: number, minutes: number): Promise<void> {
  const from = Math.max(now - SPAN_S, Math.min(...those.map(({ market }) => Date.parse(market.created_time) / 1000)));
  const query = {
    market_tickers: those.map(({ market }) => market.ticker).join(),
    start_ts: Math.floor(from),
    end_ts: Math.ceil(now) + minutes * 60,
    period_interval: minutes,
  };
  try {
    const { markets } = await get<{ markets: { market_ticker: string; candlesticks: Candle[] }[] }>("/markets/candlesticks", query);
    const found = new Map(markets.map(({ market_ticker, candlesticks }) => [market_ticker, candlesticks]));
    for (const { market, answer } of those) {
      answer((found.get(market.ticker) ?? []).flatMap(({ price }) => (price.close_dollars === null ? [] : [ticks(price.close_dollars)])));
    }
  } catch (fault) {
    for (const { fail } of those) fail(fault);
  }
}

export const allMarkets = (): Promise<Market[]> => all<"markets", Market>("/markets", "markets");

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** A time, as near as it needs to be told. */
export function When({ time }: { time: string }) {
  const date = new Date(time);
  const recent = Date.now() - date.getTime() < 12 * 3_600_000;
  return <time dateTime={time}>{(recent ? clock : day).format(date)}</time>;
}
