// One's own money: what it is worth, how it came to that, what is held and what waits.

import { useMemo, useState } from "preact/hooks";
import { all, get, remove, type Fill, type Order, type Position, type Refused, type Settlement } from "./api";
import { gainsOver } from "./gains";
import { useFeed, useLoaded, useSettled, type Shown } from "./hooks";
import { count, micro, showCount, showGain, showMoney, showPrice, ticks } from "./money";
import { OrderRow } from "./market";
import { Empty, Failed, Loading, When } from "./parts";

interface Balance {
  portfolio_value_microdollars: number;
  cash_microdollars: number;
  reserved_microdollars: number;
  locked_microdollars: number;
}

const MOST = 2_000;

type Held = Position & { unrealized_pnl_dollars: string };

export function Portfolio({ ticker, shown }: { ticker: string | null; shown: Shown }) {
  const [notice, setNotice] = useState("");
  const own = useLoaded(async () => {
    const only: Record<string, string> = ticker ? { ticker } : {};
    const [balance, positions, orders, fills, settlements] = await Promise.all([
      get<Balance>("/portfolio/balance"),
      all<"market_positions", Held>("/portfolio/positions", "market_positions", only),
      all<"orders", Order>("/portfolio/orders", "orders", { ...only, status: "resting" }),
      all<"fills", Fill>("/portfolio/fills", "fills", only, MOST),
      all<"settlements", Settlement>("/portfolio/settlements", "settlements", only, MOST),
    ]);
    return { balance, positions, orders, fills, settlements };
  }, [ticker, shown.account]);
  const soon = useSettled(own.reload, 300);
  useFeed(shown.account !== null, "user_orders", [], soon, soon);
  useFeed(shown.account !== null, "market_positions", [], soon, soon);

  if (!shown.account) return <Empty>Log in to see what is yours.</Empty>;
  if (!own.data) return own.error ? <Failed error={own.error} again={own.reload} /> : <Loading what="your portfolio" />;
  const { balance, positions, orders: resting, fills, settlements } = own.data;
  const held = positions.filter((position) => count(position.position_fp) !== 0);
  const gain = positions.reduce((sum, each) => sum + micro(each.realized_pnl_dollars) + micro(each.unrealized_pnl_dollars) - micro(each.fees_paid_dollars), 0);

  async function cancelAll(): Promise<void> {
    try {
      await remove("/portfolio/orders", ticker ? { ticker } : {});
      setNotice("All taken off.");
    } catch (error) {
      setNotice((error as Refused).message);
    }
    own.reload();
  }

  return (
    <article class="portfolio">
      <h1>{ticker ? <>Yours in {ticker}</> : "Portfolio"}</h1>
      <dl class="tiles">
        <Tile name="Worth" value={showMoney(balance.cash_microdollars + balance.portfolio_value_microdollars)} />
        <Tile name="Free to use" value={showMoney(balance.cash_microdollars - balance.reserved_microdollars)} />
        <Tile name="Reserved for orders" value={showMoney(balance.reserved_microdollars)} />
        {balance.locked_microdollars > 0 && <Tile name="Locked by conditions" value={showMoney(balance.locked_microdollars)} />}
        <Tile name="Profit, fees taken off" value={showGain(gain)} />
      </dl>
      <Gains fills={fills} settlements={settlements} />
      <p class="notice" role="status">
        {notice}
      </p>
      <section aria-label="Positions">
        <h2>Positions</h2>
        {!held.length && <Empty>You hold nothing.</Empty>}
        <ul class="orders">
          {held.map((position) => {
            const net = count(position.position_fp);
            const gained = micro(position.unrealized_pnl_dollars);
            return (
              <li key={position.ticker}>
                <span>
                  <a href={`#/markets/${encodeURIComponent(position.ticker)}`}>{position.ticker}</a> {showCount(Math.abs(net))} {net > 0 ? "yes" : "no"}
                  <span class="quiet"> · cost {showMoney(micro(position.market_exposure_dollars))}</span>
                </span>
                <strong class={`figure ${gained < 0 ? "down" : "up"}`}>{showGain(gained)}</strong>
              </li>
            );
          })}
        </ul>
      </section>
      <section aria-label="Open orders">
        <h2>
          Open orders{" "}
          {resting.length > 1 && (
            <button type="button" onClick={() => void cancelAll()}>
              Cancel all
            </button>
          )}
        </h2>
        {!resting.length && <Empty>None wait.</Empty>}
        <ul class="orders">
          {resting.map((order) => (
            <OrderRow key={order.order_id} order={order} shown={shown} done={own.reload} said={setNotice} titled />
          ))}
        </ul>
      </section>
      <section aria-label="Fills">
        <h2>Fills</h2>
        {!fills.length && <Empty>Nothing has filled.</Empty>}
        <ul class="orders">
          {fills.slice(0, 50).map((fill) => (
            <li key={fill.trade_id + fill.order_id}>
              <span>
                <a href={`#/markets/${encodeURIComponent(fill.ticker)}`}>{fill.ticker}</a> {fill.action} {showCount(count(fill.count_fp))} {fill.side} at{" "}
                <span class="figure">{showPrice(ticks(fill.side === "yes" ? fill.yes_price_dollars : fill.no_price_dollars), shown.unit)}</span>
                <span class="quiet"> · fee {showMoney(micro(fill.fee_cost))}</span>
              </span>
              <a class="quiet" href={`#/why/${encodeURIComponent(fill.order_id)}`}>
                <When time={fill.created_time} />
              </a>
            </li>
          ))}
        </ul>
      </section>
      {settlements.length > 0 && (
        <section aria-label="Settlements">
          <h2>Settled</h2>
          <ul class="orders">
            {settlements.map((settlement) => (
              <li key={settlement.ticker}>
                <span>
                  <a href={`#/markets/${encodeURIComponent(settlement.ticker)}`}>{settlement.ticker}</a> ended {settlement.market_result || "void"}
                </span>
                <span class="figure">{showMoney(micro(settlement.revenue_dollars))}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </article>
  );
}

const Tile = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd class="figure">{value}</dd>
  </div>
);

function Gains({ fills, settlements }: { fills: readonly Fill[]; settlements: readonly Settlement[] }) {
  const steps = useMemo(() => gainsOver(fills, settlements), [fills, settlements]);
  const some = fills.length >= MOST || settlements.length >= MOST;
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last || steps.length < 2) return null;
  const gains = steps.map(([, gain]) => gain);
  const [low, high] = [Math.min(0, ...gains), Math.max(0, ...gains)];
  const x = (at: number): number => ((at - first[0]) / Math.max(last[0] - first[0], 1)) * 600;
  const y = (gain: number): number => 110 - ((gain - low) / Math.max(high - low, 1)) * 100;
  let path = `M0,${y(0)}`;
  for (const [at, gain] of steps) path += `H${x(at).toFixed(1)}V${y(gain).toFixed(1)}`;
  return (
    <figure class="gains">
      <svg viewBox="0 0 600 120" preserveAspectRatio="none" role="img" aria-label={`Profit over time, from nothing to ${showGain(last[1])}; lowest ${showGain(low)}, highest ${showGain(high)}`}>
        <line x1="0" x2="600" y1={y(0)} y2={y(0)} />
        <path d={path} class={last[1] < 0 ? "down" : "up"} />
      </svg>
      <figcaption class="quiet">
        Profit over time{some && `, of the latest ${MOST} fills`}, what is held at the price of its last fill: {showGain(low)} at its lowest, {showGain(high)} at its highest
      </figcaption>
    </figure>
  );
}
