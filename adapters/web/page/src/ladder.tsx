// The depth of the book, as a ladder of prices.

import { asks, bids, type Mirror, type Row, type Side } from "./book";
import { showCount, showPrice, type Unit } from "./money";

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
