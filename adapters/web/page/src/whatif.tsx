// What if one had acted otherwise at this moment: an order put in, or some left out. Nothing is written.

import { useState } from "preact/hooks";
import { get, post, type Market, type Order, type Refused } from "./api";
import type { Side } from "./book";
import { useLoaded, type Shown } from "./hooks";
import { count, micro, showCount, showGain, showMoney, showPrice, showVolume, ticks } from "./money";
import { Failed } from "./parts";

interface MarketTold {
  status: string;
  result: string | null;
  trade_count: number;
  volume_fp: string;
  last_price_dollars: string | null;
  prices: { created_time: string; yes_price_dollars: string }[];
}

interface HoldingTold {
  yes_count_fp: string;
  no_count_fp: string;
  paid_dollars: string;
  profit_dollars: string | null;
  profit_if_yes_dollars: string | null;
  profit_if_no_dollars: string | null;
}

interface Answer {
  assumptions: string[];
  same_trades: number;
  recorded: MarketTold;
  what_if: MarketTold;
  inserted: {
    order_id: string;
    side: Side;
    refused: { code: string; message: string } | null;
    filled_count_fp: string;
    remaining_count_fp: string;
    cost_dollars: string;
    fees_dollars: string;
    queue_ahead_fp: string | null;
  }[];
  not_carried_out: { code: string; count: number }[];
  accounts: { recorded: HoldingTold; what_if: HoldingTold }[];
}

const ORDERS = 50;

export function WhatIf({ market, at, shown }: { market: Market; at: number; shown: Shown }) {
  const [puts, setPuts] = useState(true);
  const [action, setAction] = useState<"buy" | "sell">("buy");
  const [side, setSide] = useState<Side>("yes");
  const [price, setPrice] = useState("50");
  const [size, setSize] = useState("10");
  const [left, setLeft] = useState<readonly string[]>([]);
  const [answer, setAnswer] = useState<Answer>();
  const [refused, setRefused] = useState<Refused>();
  const [asking, setAsking] = useState(false);
  const orders = useLoaded(async () => (await get<{ orders: Order[] }>("/portfolio/orders", { ticker: market.ticker, limit: ORDERS })).orders, [market.ticker]);

  async function ask(event: Event): Promise<void> {
    event.preventDefault();
    setAsking(true);
    setRefused(undefined);
    try {
      const insert = puts ? [{ side, action, count_fp: Number(size).toFixed(2), [`${side}_price_dollars`]: (Number(price) / 100).toFixed(4) }] : [];
      const path = `/markets/${encodeURIComponent(market.ticker)}/what-if`;
      setAnswer(await post<Answer>(path, { as_of_ts: at.toFixed(6), insert, remove: left }));
    } catch (fault) {
      setAnswer(undefined);
      setRefused(fault as Refused);
    }
    setAsking(false);
  }
  const sound = /^\d{1,2}(\.\d{1,2})?$/.test(price.trim()) && /^\d{1,9}(\.\d{1,2})?$/.test(size.trim());
  return (
    <section class="what-if" aria-label="What if">
      <h2>What if, at this moment …</h2>
      <form onSubmit={(event) => void ask(event)}>
        <label class="check">
          <input type="checkbox" checked={puts} onChange={(event) => setPuts(event.currentTarget.checked)} />
          <span>you had sent an order</span>
        </label>
        {puts && (
          <div class="what-if-order">
            <select aria-label="Buy or sell" value={action} onChange={(event) => setAction(event.currentTarget.value as "buy" | "sell")}>
              <option>buy</option>
              <option>sell</option>
            </select>
            <input aria-label="Contracts" inputMode="decimal" value={size} onInput={(event) => setSize(event.currentTarget.value)} />
            <select aria-label="Outcome" value={side} onChange={(event) => setSide(event.currentTarget.value as Side)}>
              <option>yes</option>
              <option>no</option>
            </select>
            <input aria-label="Limit, in cents" inputMode="decimal" value={price} onInput={(event) => setPrice(event.currentTarget.value)} />
          </div>
        )}
        {orders.error && <Failed error={orders.error} again={orders.reload} />}
        {orders.data && orders.data.length > 0 && (
          <fieldset class="winners">
            <legend>you had not sent, or had taken off</legend>
            {orders.data.map((order) => (
              <label class="check" key={order.order_id}>
                <input
                  type="checkbox"
                  checked={left.includes(order.order_id)}
                  onChange={(event) => setLeft(event.currentTarget.checked ? [...left, order.order_id] : left.filter((each) => each !== order.order_id))}
                />
                <span>
                  {order.action} {showCount(count(order.initial_count_fp))} {order.side} at{" "}
                  {showPrice(ticks(order.side === "yes" ? order.yes_price_dollars : order.no_price_dollars), shown.unit)} <span class="quiet">{order.status}</span>
                </span>
              </label>
            ))}
          </fieldset>
        )}
        {refused && (
          <p class="failed" role="alert">
            {refused.message} <code>{refused.code}</code>
          </p>
        )}
        <button type="submit" class="send" disabled={asking || (puts ? !sound : !left.length)}>
          {asking ? "Going through what was sent …" : "What would have come of it?"}
        </button>
      </form>
      {answer && <Told answer={answer} shown={shown} />}
    </section>
  );
}

function Told({ answer, shown }: { answer: Answer; shown: Shown }) {
  const { recorded, what_if: other, inserted, accounts } = answer;
  const [you] = accounts;
  return (
    <div class="what-if-told" role="status">
      {inserted.map((each) => (
        <p key={each.order_id}>
          {each.refused ? (
            <span class="failed">The order would have been refused: {each.refused.message}</span>
          ) : (
            <>
              Your order would have filled <strong class="figure">{showCount(count(each.filled_count_fp))}</strong>
              {count(each.filled_count_fp) !== 0 && ` for ${showMoney(Math.abs(micro(each.cost_dollars)))}, fees ${showMoney(micro(each.fees_dollars))}`}
              {count(each.remaining_count_fp) > 0 && `; ${showCount(count(each.remaining_count_fp))} would be in the book`}
              {each.queue_ahead_fp !== null && <span class="quiet">, behind {showCount(count(each.queue_ahead_fp))} at its price</span>}.
            </>
          )}
        </p>
      ))}
      <Prices {...{ recorded, other }} />
      <table class="compared">
        <thead>
          <tr>
            <td />
            <th scope="col">as it was</th>
            <th scope="col">what if</th>
          </tr>
        </thead>
        <tbody>
          <Row name="Trades since" was={String(recorded.trade_count)} is={String(other.trade_count)} />
          <Row name="Volume" was={showVolume(count(recorded.volume_fp))} is={showVolume(count(other.volume_fp))} />
          <Row name="Price of yes" was={lastPrice(recorded, shown)} is={lastPrice(other, shown)} />
          {you && <Row name="You hold" was={heldOf(you.recorded)} is={heldOf(you.what_if)} />}
          {you && RESULTS.map(([name, field]) => (you.what_if[field] === null ? null : <Row key={field} name={name} was={gainOf(you.recorded[field])} is={gainOf(you.what_if[field])} />))}
        </tbody>
      </table>
      <details>
        <summary class="quiet">Others do what they did: nobody reacts to what would have been different</summary>
        <ul>
          {answer.assumptions.map((each) => (
            <li key={each} class="quiet">
              {each}
            </li>
          ))}
          {answer.not_carried_out.map((each) => (
            <li key={each.code} class="quiet">
              {each.count} of what was sent would have been refused: <code>{each.code}</code>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

const RESULTS = [
  ["Your profit", "profit_dollars"],
  ["Your profit if yes", "profit_if_yes_dollars"],
  ["Your profit if no", "profit_if_no_dollars"],
] as const;

const Row = ({ name, was, is }: { name: string; was: string; is: string }) => (
  <tr>
    <th scope="row">{name}</th>
    <td class="figure">{was}</td>
    <td class={`figure ${was === is ? "" : "differs"}`}>{is}</td>
  </tr>
);

const gainOf = (dollars: string | null): string => (dollars === null ? "–" : showGain(micro(dollars)));
const lastPrice = (told: MarketTold, shown: Shown): string => showPrice(told.last_price_dollars === null ? null : ticks(told.last_price_dollars), shown.unit);

function heldOf(holding: HoldingTold): string {
  const held = [count(holding.yes_count_fp) && `${showCount(count(holding.yes_count_fp))} yes`, count(holding.no_count_fp) && `${showCount(count(holding.no_count_fp))} no`].filter(Boolean);
  return held.join(", ") || "nothing";
}

/** The price both ways, one line upon the other. */
function Prices({ recorded, other }: { recorded: MarketTold; other: MarketTold }) {
  const all = [...recorded.prices, ...other.prices];
  if (all.length < 2) return null;
  const times = all.map(({ created_time }) => Date.parse(created_time));
  const prices = all.map(({ yes_price_dollars }) => ticks(yes_price_dollars));
  const [from, to, low, high] = [Math.min(...times), Math.max(...times), Math.min(...prices) - 100, Math.max(...prices) + 100];
  const path = (told: MarketTold): string =>
    told.prices
      .map(({ created_time, yes_price_dollars }, at) => {
        const x = ((Date.parse(created_time) - from) / Math.max(1, to - from)) * 600;
        const y = 118 - ((ticks(yes_price_dollars) - low) / (high - low)) * 116;
        return `${at ? `H${x.toFixed(1)}V` : `M${x.toFixed(1)},`}${y.toFixed(1)}`;
      })
      .join("");
  return (
    <figure class="gains">
      <svg viewBox="0 0 600 120" preserveAspectRatio="none" role="img" aria-label="The price of yes as it was, and what if">
        <path d={path(recorded)} class="was" />
        <path d={path(other)} class="up" />
      </svg>
      <figcaption class="quiet">The price of yes: grey as it was, green what if</figcaption>
    </figure>
  );
}
