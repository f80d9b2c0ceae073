// What the page asks of the exchange, over the same interface as everybody else.

import type { FeeSchedule } from "./money";

export const BASE = "/trade-api/v2";

export interface Market {
  ticker: string;
  event_ticker: string;
  title: string;
  category: string;
  status: string;
  lifecycle_status: string;
  lifecycle_result: string | null;
  created_time: string;
  close_time: string;
  yes_bid_dollars: string;
  yes_ask_dollars: string;
  yes_bid_size_fp: string;
  yes_ask_size_fp: string;
  last_price_dollars: string;
  volume_fp: string;
  volume_24h_fp: string;
  open_interest_fp: string;
  rules_primary: string;
  rules_version: number;
  market_version: number;
  price_ranges: { start: string; end: string; step: string }[];
  quantity_step_fp: string;
  fee_schedule: FeeSchedule;
  condition: { parent_ticker: string; required_result: string } | null;
  tick_size_dollars: string;
}

export interface Event {
  event_ticker: string;
  series_ticker: string;
  title: string;
  category: string;
  winner_ticker: string | null;
  lifecycle_status: string;
  markets: Market[];
}

export type Level = [price_dollars: string, count_fp: string];

export interface Book {
  yes_dollars: Level[];
  no_dollars: Level[];
}

export interface Trade {
  trade_id: string;
  ticker: string;
  yes_price_dollars: string;
  count_fp: string;
  taker_side: "yes" | "no";
  created_time: string;
}

export interface Candle {
  end_period_ts: number;
  price: { open_dollars: string | null; high_dollars: string | null; low_dollars: string | null; close_dollars: string | null };
  volume_fp: string;
}

export interface Order {
  order_id: string;
  ticker: string;
  side: "yes" | "no";
  action: "buy" | "sell";
  status: string;
  type: string;
  yes_price_dollars: string;
  no_price_dollars: string;
  initial_count_fp: string;
  fill_count_fp: string;
  remaining_count_fp: string;
  created_time: string;
  end_reason?: string;
}

export interface Position {
  ticker: string;
  position_fp: string;
  market_exposure_dollars: string;
  realized_pnl_dollars: string;
  fees_paid_dollars: string;
  total_traded_dollars: string;
}

export interface Fill {
  trade_id: string;
  order_id: string;
  ticker: string;
  side: "yes" | "no";
  action: "buy" | "sell";
  yes_price_dollars: string;
  no_price_dollars: string;
  count_fp: string;
  redeemed_count_fp: string;
  fee_cost: string;
  is_taker: boolean;
  created_time: string;
}

export interface Settlement {
  ticker: string;
  market_result: string;
  revenue_dollars: string;
  settled_time: string;
}

export interface Standing {
  rank: number;
  account_id: string;
  profit_dollars: string;
}

/** A refusal of the exchange. ``status`` is 0 where it could not be reached. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details = "",
  ) {
    super(message);
  }
}

let sessionOver: () => void = () => undefined;

/** Say what is done when the session turns out to be over. */
export function onSessionOver(act: () => void): void {
  sessionOver = act;
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: { "content-type": "application/json", "x-presage-session": "1" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refused(0, "unreachable", "The exchange cannot be reached. Nothing is known to have been done.");
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  if (response.ok) return (text ? JSON.parse(text) : undefined) as T;
  const refused = refusalIn(text, response.status);
  if (refused.code === "session_over") sessionOver();
  throw refused;
}

export function refusalIn(text: string, status: number): Refused {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string; details: string } };
    return new Refused(status, error.code, error.message, error.details);
  } catch {
    return new Refused(status, "unknown", `The exchange answered ${status}.`);
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

function at(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return BASE + path + (text ? `?${text}` : "");
}

export const get = <T>(path: string, query?: Query): Promise<T> => ask<T>("GET", at(path, query));
export const post = <T>(path: string, body: unknown): Promise<T> => ask<T>("POST", at(path), body);
export const remove = <T>(path: string, query?: Query): Promise<T> => ask<T>("DELETE", at(path, query));

/** Return every item of a list, page after page, up to ``most``. */
export async function all<K extends string, T>(path: string, key: K, query: Query = {}, most = 2_000): Promise<T[]> {
  const found: T[] = [];
  let cursor = "";
  do {
    const page = await get<Record<K, T[]> & { cursor: string }>(path, { limit: 200, ...query, cursor });
    found.push(...page[key]);
    cursor = page.cursor;
  } while (cursor && found.length < most);
  return found;
}
