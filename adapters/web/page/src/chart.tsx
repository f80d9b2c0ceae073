// The price over time, by lightweight-charts: a part of its own, as it is larger than all the rest.

import { createChart, CandlestickSeries, HistogramSeries, type AutoscaleInfo, type IChartApi, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useRef } from "preact/hooks";
import type { Candle } from "./api";
import type { Side } from "./book";
import type { Shown } from "./hooks";
import { count, DOLLAR_TICKS, showPrice, ticks } from "./money";

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
