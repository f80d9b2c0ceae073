// The order ticket: what an order costs, what it may pay, and where it leaves one, before it is sent.

import { useEffect, useMemo, useState } from "preact/hooks";
import { post, Refused, type Market, type Order, type Position } from "./api";
import { asks, bids, fillsOf, type Mirror, type Side } from "./book";
import { cost, count, DOLLAR_TICKS, fee, showCount, showMoney, showPrice, ticks, toDollars, toFixed, type Unit } from "./money";

export type Action = "buy" | "sell";

interface Props {
  market: Market;
  mirror: Mirror;
  position: Position | undefined;
  cash: number | undefined;
  side: Side;
  setSide: (side: Side) => void;
  price: string;
  setPrice: (price: string) => void;
  unit: Unit;
  placed: (order: Order) => void;
}

/** Return the price in ticks that a text in cents stands for, or null. */
function priceIn(text: string): number | null {
  return /^\d{1,2}(\.\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text) * 100) : null;
}

function countIn(text: string): number | null {
  return /^\d{1,9}(\.\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text) * 100) : null;
}

function stepOf(market: Market, price: number): number {
  const range = market.price_ranges.find(({ start, end }) => ticks(start) <= price && price <= ticks(end));
  return ticks((range ?? market.price_ranges[0])?.step ?? "0.0100");
}

export function Ticket(props: Props) {
  const { market, mirror, position, cash, side, setSide, price, setPrice, unit } = props;
  const [action, setAction] = useState<Action>("buy");
  const [size, setSize] = useState("10");
  const [atOnce, setAtOnce] = useState(false);
  const [sending, setSending] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [limit, wanted] = [priceIn(price), countIn(size)];

  // What is changed is another order: it gets another key. The same order again keeps its own.
  useEffect(() => {
    setKey(crypto.randomUUID());
    setRefused(undefined);
  }, [market.ticker, action, side, price, size, atOnce]);

  const said = useMemo(() => foretold(market, mirror, side, action, limit, wanted), [market, mirror, side, action, limit, wanted]);
  const held = heldOf(position, side);
  const fault = faultOf({ market, action, limit, wanted, need: said?.need ?? 0, cash, held });

  async function send(event: SubmitEvent | Event): Promise<void> {
    event.preventDefault();
    if (limit === null || wanted === null || fault) return;
    setSending(true);
    setRefused(undefined);
    try {
      const { order } = await post<{ order: Order }>("/portfolio/orders", {
        ticker: market.ticker,
        client_order_id: key,
        side,
        action,
        count_fp: toFixed(wanted),
        [`${side}_price_dollars`]: toDollars(limit),
        ...(atOnce ? { time_in_force: "immediate_or_cancel" } : {}),
        ...(action === "sell" ? { reduce_only: true } : {}),
      });
      setKey(crypto.randomUUID());
      props.placed(order);
    } catch (error) {
      setRefused(error as Refused);
    } finally {
      setSending(false);
    }
  }

  const open = market.lifecycle_status === "active";
  return (
    <form class="ticket" onSubmit={(event) => void send(event)} aria-label="Order ticket">
      <div class="choices" role="group" aria-label="Buy or sell">
        {(["buy", "sell"] as const).map((each) => (
          <button type="button" key={each} aria-pressed={action === each} onClick={() => setAction(each)}>
            {each === "buy" ? "Buy" : "Sell"}
          </button>
        ))}
      </div>
      <div class="choices sides" role="group" aria-label="Outcome">
        {(["yes", "no"] as const).map((each) => (
          <button type="button" key={each} class={each} aria-pressed={side === each} onClick={() => setSide(each)}>
            {each === "yes" ? "Yes" : "No"} <span class="figure">{showPrice(touch(mirror, each, action), unit)}</span>
          </button>
        ))}
      </div>
      <label>
        <span>Limit, in cents</span>
        <input inputMode="decimal" value={price} onInput={(event) => setPrice(event.currentTarget.value)} aria-describedby="ticket-says" />
      </label>
      <label>
        <span>Contracts</span>
        <input inputMode="decimal" value={size} onInput={(event) => setSize(event.currentTarget.value)} aria-describedby="ticket-says" />
      </label>
      <label class="check">
        <input type="checkbox" checked={atOnce} onChange={(event) => setAtOnce(event.currentTarget.checked)} />
        <span>only what fills at once</span>
      </label>
      <div id="ticket-says">
        {said && wanted !== null && (
          <dl class="figures">
            <dt>{action === "buy" ? "Costs at most" : "Brings at least"}</dt>
            <dd>{showMoney(said.amount)}</dd>
            <dt>Fee on what fills now</dt>
            <dd>{showMoney(said.fee)}</dd>
            <dt>Fills now</dt>
            <dd>
              {showCount(said.filled)} of {showCount(wanted)}
              {said.average !== null && <span class="quiet"> at {showPrice(said.average, unit)}</span>}
            </dd>
            {action === "buy" && (
              <>
                <dt>Pays if {side}</dt>
                <dd>{showMoney(wanted * DOLLAR_TICKS)}</dd>
              </>
            )}
            <dt>Held after it</dt>
            <dd>{after(position, side, action, wanted)}</dd>
          </dl>
        )}
        {(fault || !open) && <p class="hint">{open ? fault : "This market takes no orders now."}</p>}
      </div>
      {refused && (
        <p class="failed" role="alert">
          {refused.message} <code>{refused.code}</code>
          {(refused.status === 0 || refused.status === 503) && " Sending it again is safe: it counts once."}
        </p>
      )}
      <button type="submit" class={`send ${side}`} disabled={sending || !open || Boolean(fault)}>
        {sending ? "Sending…" : `${action === "buy" ? "Buy" : "Sell"} ${side}`}
      </button>
    </form>
  );
}

function touch(mirror: Mirror, side: Side, action: Action): number | null {
  return (action === "buy" ? asks(mirror, side) : bids(mirror, side))[0]?.price ?? null;
}

function heldOf(position: Position | undefined, side: Side): number {
  const net = position ? count(position.position_fp) : 0;
  return side === "yes" ? Math.max(net, 0) : Math.max(-net, 0);
}

function after(position: Position | undefined, side: Side, action: Action, wanted: number): string {
  const net = (position ? count(position.position_fp) : 0) + wanted * (side === "yes" ? 1 : -1) * (action === "buy" ? 1 : -1);
  return net === 0 ? "nothing" : `${showCount(Math.abs(net))} ${net > 0 ? "yes" : "no"}, if all of it fills`;
}

interface Foretold {
  amount: number;
  fee: number;
  need: number;
  filled: number;
  average: number | null;
}

function foretold(market: Market, mirror: Mirror, side: Side, action: Action, limit: number | null, wanted: number | null): Foretold | null {
  if (limit === null || wanted === null) return null;
  const buying = action === "buy";
  const rows = buying ? asks(mirror, side) : bids(mirror, side);
  const fills = fillsOf(rows, wanted, (price) => (buying ? price <= limit : price >= limit));
  const filled = fills.reduce((sum, [, size]) => sum + size, 0);
  const paid = fills.reduce((sum, [price, size]) => sum + cost(price, size), 0);
  const { taker, grain_microdollars: grain } = market.fee_schedule;
  const charged = fee(taker, grain, fills);
  const amount = paid + cost(limit, wanted - filled);
  return {
    amount,
    fee: charged,
    need: buying ? amount + charged : 0,
    filled,
    average: filled ? Math.round(paid / filled) : null,
  };
}

interface Check {
  market: Market;
  action: Action;
  limit: number | null;
  wanted: number | null;
  need: number;
  cash: number | undefined;
  held: number;
}

/** Return what is wrong with the order as it stands, in words, or nothing. */
function faultOf({ market, action, limit, wanted, need, cash, held }: Check): string | undefined {
  if (limit === null || limit <= 0 || limit >= DOLLAR_TICKS) return "The limit is between 0 and 100 cents.";
  const step = stepOf(market, limit);
  if (limit % step !== 0) return `Prices here are multiples of ${showPrice(step, "cents")}.`;
  if (wanted === null || wanted <= 0) return "Say how many contracts.";
  if (wanted % count(market.quantity_step_fp) !== 0) return `Contracts here come in steps of ${market.quantity_step_fp}.`;
  if (action === "sell" && wanted > held) return `You hold ${showCount(held)} of these.`;
  if (action === "buy" && cash !== undefined && need > cash) return `You have ${showMoney(cash)}; this needs ${showMoney(need)}.`;
  return undefined;
}
