// The order book as the page keeps it: bids for yes and asks for yes, from the bids for both outcomes.

import type { Book } from "./api";
import { count, DOLLAR_TICKS, ticks, type Count, type Ticks } from "./money";

export type Side = "yes" | "no";
export type Ladder = ReadonlyMap<Ticks, Count>;

export interface Mirror {
  yes: Ladder;
  no: Ladder;
}

export interface Row {
  price: Ticks;
  size: Count;
  total: Count;
}

const ladder = (levels: Book["yes_dollars"]): Ladder => new Map(levels.map(([price, size]) => [ticks(price), count(size)]));

export const mirrorOf = (book: Book): Mirror => ({ yes: ladder(book.yes_dollars), no: ladder(book.no_dollars) });

/** Return the book after one level changed by a count. */
export function changed(mirror: Mirror, side: Side, price: Ticks, delta: Count): Mirror {
  const levels = new Map(mirror[side]);
  const size = (levels.get(price) ?? 0) + delta;
  if (size > 0) levels.set(price, size);
  else levels.delete(price);
  return { ...mirror, [side]: levels };
}

/** Return the bids of one outcome, best first, with what stands before and at each. */
export function bids(mirror: Mirror, side: Side): Row[] {
  let total = 0;
  return [...mirror[side]]
    .sort(([one], [other]) => other - one)
    .map(([price, size]) => ({ price, size, total: (total += size) }));
}

/** Return the asks of one outcome, best first: they are the bids for the other. */
export const asks = (mirror: Mirror, side: Side): Row[] =>
  bids(mirror, side === "yes" ? "no" : "yes").map((row) => ({ ...row, price: DOLLAR_TICKS - row.price }));

/** Return how an order would fill against rows, at most ``limit`` dear (for a buy) or cheap (for a sell). */
export function fillsOf(rows: readonly Row[], size: Count, within: (price: Ticks) => boolean): [Ticks, Count][] {
  const fills: [Ticks, Count][] = [];
  let left = size;
  for (const row of rows) {
    if (left <= 0 || !within(row.price)) break;
    const taken = Math.min(left, row.size);
    fills.push([row.price, taken]);
    left -= taken;
  }
  return fills;
}
