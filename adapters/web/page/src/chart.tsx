// The price over time, by lightweight-charts, and the depth of the book beside it.

import { createChart, CandlestickSeries, HistogramSeries, type AutoscaleInfo, type IChartApi, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useRef } from "preact/hooks";
import type { Candle } from "./api";
import { asks, bids, type Mirror, type Row, type Side } from "./book";
import type { Shown } from "./hooks";
import { count, DOLLAR_TICKS, showCount, showPrice, ticks, type Unit } from "./money";

/** Return a colour of the style sheet as it is now, light or dark: what is written there are both. */
function colour(name: string): string {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Return a moment for the chart, which knows no time zones, as the clock on the wall shows it. */
function wall(seconds: number): UTCTimestamp {
  return (seconds - new Date(seconds * 1000).getTimezoneOffset() * 60) as UTCTimestamp;
}

const LEAST_SPAN = 400; // ticks: what moves by a cent is not drawn as a storm

interface PriceProps {
  candles: readonly Candle[];
  side: Side;
  shown: Shown;
  says: string;
}

/** Candles and volumes. The picture is described in words for those who do not see it. */
export function PriceChart({ candles, side, shown: { unit, theme }, says }: PriceProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<IChartApi | undefined>(undefined);
  useEffect(() => {
    if (!place.current) return undefined;
    const [yes, no, ink, line] = ["--yes", "--no", "--quiet", "--line"].map(colour) as [string, string, string, string];
    const made = createChart(place.current, {
      autoSize: true,
      layout: { background: { color: "transparent" }, textColor: ink, fontFamily: "Inter Variable, system-ui, sans-serif" },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.25 } },
      timeScale: { borderVisible: false, timeVisible: true },
      localization: { priceFormatter: (price: number) => showPrice(Math.round(price), unit) },
      handleScroll: { vertTouchDrag: false },
    });
    chart.current = made;
    const prices = made.addSeries(CandlestickSeries, {
      upColor: yes,
      downColor: no,
      wickUpColor: yes,
      wickDownColor: no,
      borderVisible: false,
      autoscaleInfoProvider: (usual: () => AutoscaleInfo | null) => widened(usual()),
      priceFormat: { type: "custom", minMove: 1, formatter: (price: number) => showPrice(Math.round(price), unit) },
    });
    const volumes = made.addSeries(HistogramSeries, {
      color: line,
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    made.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    prices.setData(candles.flatMap((candle) => bar(candle, side)));
    volumes.setData(
      candles.map((candle) => ({ time: wall(candle.end_period_ts), value: count(candle.volume_fp) / 100 })),
    );
    made.timeScale().fitContent();
    return () => made.remove();
  }, [candles, side, unit, theme]);
  return (
    <figure>
      <figcaption class="unseen">{says}</figcaption>
      <div class="chart" ref={place} />
    </figure>
  );
}

function widened(info: AutoscaleInfo | null): AutoscaleInfo | null {
  if (!info?.priceRange) return info;
  const { minValue, maxValue } = info.priceRange;
  const short = Math.max(0, LEAST_SPAN - (maxValue - minValue)) / 2;
  return { ...info, priceRange: { minValue: minValue - short, maxValue: maxValue + short } };
}

function bar(candle: Candle, side: Side) {
  const { open_dollars, high_dollars, low_dollars, close_dollars } = candle.price;
  if (open_dollars === null || high_dollars === null || low_dollars === null || close_dollars === null) return [];
  const [open, high, low, close] = [open_dollars, high_dollars, low_dollars, close_dollars].map(ticks) as [number, number, number, number];
  const time = wall(candle.end_period_ts);
  if (side === "yes") return [{ time, open, high, low, close }];
  const other = (price: number): number => DOLLAR_TICKS - price;
  return [{ time, open: other(open), high: other(low), low: other(high), close: other(close) }];
}

const ROWS = 8;

/** Both sides of the book, with bars for what stands at and before each price. Choosing a price fills the ticket. */
export function BookLadder({ mirror, side, unit, choose }: { mirror: Mirror; side: Side; unit: Unit; choose?: (price: number) => void }) {
  const [buying, selling] = [bids(mirror, side).slice(0, ROWS), asks(mirror, side).slice(0, ROWS)];
  const most = Math.max(buying.at(-1)?.total ?? 0, selling.at(-1)?.total ?? 0, 1);
  const best = [buying[0]?.price, selling[0]?.price] as const;
  const spread = best[0] !== undefined && best[1] !== undefined ? best[1] - best[0] : null;
  if (!buying.length && !selling.length) return <p class="state">Nobody offers anything. The first order makes the price.</p>;
  return (
    <div class="ladder">
      <div class="ladder-head quiet" aria-hidden="true">
        <span>price</span>
        <span>contracts</span>
        <span>in all</span>
      </div>
      <Rows kind="ask" rows={[...selling].reverse()} {...{ most, unit, choose }} />
      <p class="spread quiet">{spread === null ? "one side only" : `spread ${showPrice(spread, unit)}`}</p>
      <Rows kind="bid" rows={buying} {...{ most, unit, choose }} />
    </div>
  );
}

interface RowsProps {
  kind: "ask" | "bid";
  rows: readonly Row[];
  most: number;
  unit: Unit;
  choose?: ((price: number) => void) | undefined;
}

function Rows({ kind, rows, most, unit, choose }: RowsProps) {
  return (
    <ul class={`rows ${kind}`} aria-label={kind === "ask" ? "Offers to sell" : "Offers to buy"}>
      {rows.map((row) => (
        <li key={row.price}>
          <button type="button" disabled={!choose} onClick={() => choose?.(row.price)} aria-label={`${showPrice(row.price, unit)}, ${showCount(row.size)} contracts`}>
            <span class="bar" style={{ width: `${(row.total / most) * 100}%` }} aria-hidden="true" />
            <span class="figure">{showPrice(row.price, unit)}</span>
            <span class="figure">{showCount(row.size)}</span>
            <span class="figure quiet">{showCount(row.total)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
