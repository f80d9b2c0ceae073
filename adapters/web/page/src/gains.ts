// What an account has gained, step by step, from its fills and settlements.

import type { Fill, Settlement } from "./api";
import { cost, count, DOLLAR_TICKS, micro, ticks, type Count, type Micro, type Ticks } from "./money";

interface Holding {
  yes: Count;
  no: Count;
  last: Ticks;
}

/** Return the profit after each fill and settlement: money in and out, and what is held at the price of its last fill. */
export function gainsOver(fills: readonly Fill[], settlements: readonly Settlement[]): [time: number, gain: Micro][] {
  // Both come newest first; what has the same time keeps the order in which it happened.
  const steps = [
    ...[...fills].reverse().map((fill) => ({ at: Date.parse(fill.created_time), fill, settlement: undefined })),
    ...[...settlements].reverse().map((settlement) => ({ at: Date.parse(settlement.settled_time), fill: undefined, settlement })),
  ].sort((one, other) => one.at - other.at);
  const holdings = new Map<string, Holding>();
  let cash: Micro = 0;
  return steps.map(({ at, fill, settlement }) => {
    if (fill) {
      const holding = holdings.get(fill.ticker) ?? { yes: 0, no: 0, last: 0 };
      const size = count(fill.count_fp) * (fill.action === "buy" ? 1 : -1);
      const price = ticks(fill.side === "yes" ? fill.yes_price_dollars : fill.no_price_dollars);
      const pairs = count(fill.redeemed_count_fp);
      holding[fill.side] += size;
      holding.yes -= pairs;
      holding.no -= pairs;
      holding.last = ticks(fill.yes_price_dollars);
      cash += cost(DOLLAR_TICKS, pairs) - cost(price, size) - micro(fill.fee_cost);
      holdings.set(fill.ticker, holding);
    } else {
      cash += micro(settlement.revenue_dollars);
      holdings.delete(settlement.ticker);
    }
    let worth: Micro = 0;
    for (const { yes, no, last } of holdings.values()) worth += cost(last, yes) + cost(DOLLAR_TICKS - last, no);
    return [at, cash + worth];
  });
}
