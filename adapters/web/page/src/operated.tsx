// One market or event in an operator's hands: where it stands, and every step of its life.

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { get, type Event as Group, type Market, type Refused } from "./api";
import { Act } from "./acts";
import { useFeed, useLoaded, useSettled } from "./hooks";
import { operatorKey } from "./key";
import { count, showMoney, showVolume, ticks } from "./money";
import { Failed, Loading, Status } from "./parts";
import { Payouts, summed, toldOf, usePreviews, type Ending, type Part } from "./payouts";

type Done = (said: string) => void;
type Doing = "activate" | "pause" | "resume" | "close" | "resolve" | "determine" | "dispute" | "finalize" | "void" | "rules" | "tick";

const WORDS: Record<Doing, string> = {
  activate: "Open",
  pause: "Pause",
  resume: "Resume",
  close: "Close",
  resolve: "Resolve and pay",
  determine: "State the result",
  dispute: "Dispute",
  finalize: "Let it stand and pay",
  void: "Void",
  rules: "Amend the rules",
  tick: "Change the price steps",
};

const STEPS: Record<string, readonly Doing[]> = {
  initialized: ["activate", "rules", "tick", "close", "void"],
  active: ["pause", "close", "rules", "tick"],
  inactive: ["resume", "close", "rules", "tick"],
  closed: ["resolve", "determine", "void", "rules"],
  determined: ["finalize", "dispute", "void"],
  disputed: ["resolve", "determine", "void"],
  finalized: [],
};
const OF_A_GROUP = new Set<Doing>(["resolve", "determine", "dispute", "finalize", "void"]);

export function OperatedMarket({ ticker, done }: { ticker: string; done: Done }) {
  const market = useLoaded(async () => (await get<{ market: Market }>(`/markets/${encodeURIComponent(ticker)}`)).market, [ticker]);
  const soon = useSettled(market.reload, 300);
  useFeed(true, "market_lifecycle_v2", [ticker], soon, soon);
  const [doing, setDoing] = useState<Doing>();
  if (!market.data) return market.error ? <Failed error={market.error} again={market.reload} /> : <Loading what="the market" />;
  const { data } = market;
  const steps = (STEPS[data.lifecycle_status] ?? []).filter((step) => !data.event_ticker || !OF_A_GROUP.has(step));
  const trading = ["active", "inactive", "initialized"].includes(data.lifecycle_status);
  return (
    <article class="operated">
      <p class="quiet">
        <a href="#/operator">Operator</a> · <code>{ticker}</code> · <a href={`#/markets/${encodeURIComponent(ticker)}`}>as traders see it</a>
      </p>
      <h1>{data.title}</h1>
      <p class="headline">
        <Status market={data} />
        <span class="quiet">{showVolume(count(data.volume_fp))} traded</span>
        <span class="quiet">{showVolume(count(data.open_interest_fp))} open</span>
        <span class="quiet">rules version {data.rules_version}</span>
      </p>
      {data.condition && (
        <p class="quiet">
          Counts only if {data.condition.parent_ticker} ends {data.condition.required_result}.
        </p>
      )}
      {data.event_ticker && (
        <p>
          It ends together with its event: <a href={`#/operator/events/${encodeURIComponent(data.event_ticker)}`}>{data.event_ticker}</a>.
        </p>
      )}
      {trading && !data.event_ticker && <p class="quiet">To end it, close it first: then nothing moves any more, and what you see is what is paid.</p>}
      <div class="steps-of-life" role="group" aria-label="What can be done">
        {steps.map((step) => (
          <button type="button" key={step} onClick={() => setDoing(step)}>
            {WORDS[step]}…
          </button>
        ))}
      </div>
      {data.lifecycle_status === "finalized" ? <p>It has ended: {data.lifecycle_result}. Everybody is paid.</p> : <Endings ticker={ticker} market={data} />}
      {doing && (
        <MarketAct
          key={doing}
          {...{ doing, market: data, done }}
          close={() => {
            setDoing(undefined);
            market.reload();
          }}
        />
      )}
    </article>
  );
}

const NAMES: Record<Ending, string> = { yes: "Yes", no: "No", void: "Void", unwind: "Trades taken back" };

/** What each ending would pay, side by side, for looking only. */
function Endings({ ticker, market }: { ticker: string; market: Market }) {
  const [ending, setEnding] = useState<Ending>("yes");
  const [voidPrice, setVoidPrice] = useState("50");
  const [since, setSince] = useState("");
  const price = centsIn(voidPrice);
  const parts = useMemo<Part[]>(() => {
    const moment = since ? new Date(since).getTime() / 1000 : 0;
    return [{ ticker, ending, ...(price === null ? {} : { voidPrice: (price / 10_000).toFixed(4) }), ...(moment ? { since: moment } : {}) }];
  }, [ticker, ending, price, since]);
  const previews = usePreviews(parts, `${market.lifecycle_status} ${market.market_version}`);
  return (
    <section aria-label="What each ending would pay">
      <h2>What would it pay?</h2>
      <div class="choices" role="group" aria-label="Ending">
        {(Object.keys(NAMES) as Ending[]).map((each) => (
          <button type="button" key={each} aria-pressed={ending === each} onClick={() => setEnding(each)}>
            {NAMES[each]}
          </button>
        ))}
      </div>
      {ending === "void" && <VoidPrice value={voidPrice} set={setVoidPrice} />}
      {ending === "unwind" && (
        <label class="short">
          <span>Trades since (your time; empty for all)</span>
          <input type="datetime-local" step={1} value={since} onInput={(event) => setSince(event.currentTarget.value)} />
        </label>
      )}
      <Payouts previews={previews} parts={parts} />
    </section>
  );
}

const VoidPrice = ({ value, set }: { value: string; set: (value: string) => void }) => (
  <label class="short">
    <span>A yes share pays, in cents; a no share the rest</span>
    <input inputMode="decimal" value={value} onInput={(event) => set(event.currentTarget.value)} />
  </label>
);

/** Return the ticks that a text in cents stands for, from nothing to a dollar. */
function centsIn(text: string): number | null {
  const price = /^\d{1,3}(\.\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text) * 100) : -1;
  return price >= 0 && price <= 10_000 ? price : null;
}

interface MarketActProps {
  doing: Doing;
  market: Market;
  done: Done;
  close: () => void;
}

function MarketAct({ doing, market, done, close }: MarketActProps) {
  const path = `/admin/v1/markets/${encodeURIComponent(market.ticker)}`;
  const plain = (explains: string, was: string) => (
    <Act
      title={`${WORDS[doing]}: ${market.title}`}
      word={WORDS[doing]}
      {...{ done, close }}
      run={async () => {
        await operatorKey.ask("POST", `${path}/${doing}`, {});
        return `${market.ticker} ${was}.`;
      }}
    >
      <p>{explains}</p>
    </Act>
  );
  switch (doing) {
    case "activate":
      return plain("Trading begins.", "is open");
    case "resume":
      return plain("Trading goes on, with the orders that are in the book.", "trades again");
    case "close":
      return plain("Trading ends for good, and all orders leave the book. Nobody is paid yet.", "is closed");
    case "pause":
    case "dispute":
      return <Reasoned {...{ doing, market, path, done, close }} />;
    case "rules":
      return <Rules {...{ doing, market, path, done, close }} />;
    case "tick":
      return <PriceSteps {...{ doing, market, path, done, close }} />;
    default:
      return <Ends {...{ doing, market, path, done, close }} />;
  }
}

type OneProps = MarketActProps & { path: string };

function Reasoned({ doing, market, path, done, close }: OneProps) {
  const [reason, setReason] = useState("");
  const pausing = doing === "pause";
  return (
    <Act
      title={`${WORDS[doing]}: ${market.title}`}
      word={WORDS[doing]}
      {...{ done, close }}
      run={async () => {
        await operatorKey.ask("POST", `${path}/${doing}`, { reason });
        return pausing ? `${market.ticker} is paused.` : `The result of ${market.ticker} is disputed.`;
      }}
    >
      <p>
        {pausing
          ? "Orders stay in the book and can be cancelled; none can be placed until trading is resumed."
          : `Nobody is paid until a result is stated anew. It was: ${market.lifecycle_result ?? ""}.`}
      </p>
      <Text name="Why, for everybody to read" value={reason} set={setReason} />
    </Act>
  );
}

function Rules({ market, path, done, close }: OneProps) {
  const [rules, setRules] = useState(market.rules_primary);
  return (
    <Act
      title={`Amend the rules: ${market.title}`}
      word="Amend"
      hindered={rules === market.rules_primary ? "This is the text that stands." : undefined}
      {...{ done, close }}
      run={async () => {
        await operatorKey.ask("PUT", `${path}/rules`, { rules });
        return `The rules of ${market.ticker} are amended.`;
      }}
    >
      <p>Every trade knows the version that stood: trades from now on are of version {market.rules_version + 1}.</p>
      <Text name="Rules" value={rules} set={setRules} rows={8} />
    </Act>
  );
}

function PriceSteps({ market, path, done, close }: OneProps) {
  const now = String(ticks(market.tick_size_dollars) / 100);
  const [cents, setCents] = useState(now);
  return (
    <Act
      title={`Price steps: ${market.title}`}
      word="Change"
      hindered={cents === now ? "These are the steps that stand." : undefined}
      {...{ done, close }}
      run={async () => {
        await operatorKey.ask("PUT", `${path}/tick_size`, { tick_size_dollars: (Number(cents) / 100).toFixed(4) });
        return `Prices of ${market.ticker} come in steps of ${cents}¢.`;
      }}
    >
      <p>Orders in the book stay where they are.</p>
      <label class="short">
        <span>Steps, in cents</span>
        <select value={cents} onChange={(event) => setCents(event.currentTarget.value)}>
          {[...new Set([now, "0.01", "0.1", "0.5", "1", "5", "10"])].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
    </Act>
  );
}

/** What decides who is paid what: nothing is done unless the market is as it was previewed. */
function Ends({ doing, market, path, done, close }: OneProps) {
  const [result, setResult] = useState<"yes" | "no">(doing === "finalize" && market.lifecycle_result === "no" ? "no" : "yes");
  const [voidPrice, setVoidPrice] = useState("50");
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(doing === "void" || doing === "finalize");
  const price = centsIn(voidPrice);
  const ending = doing === "void" ? "void" : result;
  const parts = useMemo<Part[]>(() => [{ ticker: market.ticker, ending, ...(price === null ? {} : { voidPrice: (price / 10_000).toFixed(4) }) }], [ending, price]);
  const previews = usePreviews(parts, doing); // it stays as it was seen until it turns out to be old
  const preview = previews.data?.[0];
  const sum = preview && summed([preview], parts);
  const pays = doing !== "determine";

  async function run(): Promise<string> {
    const market_version = preview?.market_version;
    const body = {
      void: { yes_price_dollars: ((price ?? 0) / 10_000).toFixed(4), reason: text },
      finalize: {},
    }[doing as string] ?? { result, evidence: text };
    try {
      await operatorKey.ask("POST", `${path}/${doing}`, { ...body, market_version });
    } catch (fault) {
      if ((fault as Refused).code === "market_version_changed") previews.reload();
      throw fault;
    }
    const paid = sum ? toldOf(sum) : "";
    if (doing === "void") return `${market.ticker} is void; paid: ${paid}.`;
    return pays ? `${market.ticker} ended ${result}; paid: ${paid}.` : `The result of ${market.ticker} is stated: ${result}. Nobody is paid yet.`;
  }
  const missing = !chosen ? "Say how it ended." : ending === "void" && price === null ? "The price is between 0 and 100 cents." : undefined;
  return (
    <Act
      title={`${WORDS[doing]}: ${market.title}`}
      word={!pays ? `State ${result}` : sum && chosen ? `Pay ${showMoney(sum.paid + sum.feesReturned)}` : "Pay"}
      money={pays}
      hindered={missing ?? (!sum ? "What it pays has to be seen first." : sum.conserved ? undefined : "It would not pay what is there.")}
      {...{ done, close, run }}
    >
      {(doing === "resolve" || doing === "determine") && (
        <div class="choices sides" role="group" aria-label="Result">
          {(["yes", "no"] as const).map((each) => (
            <button
              type="button"
              key={each}
              class={each}
              aria-pressed={chosen && result === each}
              onClick={() => {
                setResult(each);
                setChosen(true);
              }}
            >
              {each === "yes" ? "Yes" : "No"}
            </button>
          ))}
        </div>
      )}
      {doing === "void" && <VoidPrice value={voidPrice} set={setVoidPrice} />}
      {doing !== "finalize" && <Text name={doing === "void" ? "Why, for everybody to read" : "Evidence, for everybody to read"} value={text} set={setText} />}
      {chosen && (
        <>
          {!pays && <p class="quiet">Nobody is paid yet. Once it stands:</p>}
          <Payouts previews={previews} parts={parts} />
          {pays && <p>This cannot be taken back.</p>}
        </>
      )}
    </Act>
  );
}

function Text({ name, value, set, rows = 2 }: { name: string; value: string; set: (value: string) => void; rows?: number }) {
  return (
    <label>
      <span>{name}</span>
      <textarea rows={rows} value={value} onInput={(event) => set(event.currentTarget.value)} />
    </label>
  );
}

// ------------------------------------------------------------------------------------------- events

type GroupDoing = "determine" | "dispute" | "resolve" | "void";

const GROUP_STEPS: Record<string, readonly GroupDoing[]> = {
  open: ["determine", "void"],
  determined: ["resolve", "dispute", "void"],
  disputed: ["determine", "void"],
};
const GROUP_WORDS: Record<GroupDoing, string> = {
  determine: "State the winner",
  dispute: "Dispute",
  resolve: "Let it stand and pay",
  void: "Void",
};

export function OperatedEvent({ name, done }: { name: string; done: Done }) {
  const group = useLoaded(async () => {
    const { event, markets } = await get<{ event: Group; markets: Market[] }>(`/events/${encodeURIComponent(name)}`);
    return { ...event, markets };
  }, [name]);
  const [doing, setDoing] = useState<GroupDoing>();
  if (!group.data) return group.error ? <Failed error={group.error} again={group.reload} /> : <Loading what="the event" />;
  const { data } = group;
  return (
    <article class="operated">
      <p class="quiet">
        <a href="#/operator">Operator</a> · event <code>{name}</code>
      </p>
      <h1>{data.title}</h1>
      <p class="headline">
        <span class="chip">{data.lifecycle_status}</span>
        {data.winner_ticker && <span class="quiet">winner: {data.winner_ticker}</span>}
      </p>
      <p class="quiet">Stating the winner closes all of its markets, and pays nobody. When it stands, everybody is paid at once.</p>
      <div class="steps-of-life" role="group" aria-label="What can be done">
        {(GROUP_STEPS[data.lifecycle_status] ?? []).map((step) => (
          <button type="button" key={step} onClick={() => setDoing(step)}>
            {GROUP_WORDS[step]}…
          </button>
        ))}
      </div>
      <ul class="orders">
        {data.markets.map((market) => (
          <li key={market.ticker}>
            <a href={`#/operator/markets/${encodeURIComponent(market.ticker)}`}>{market.title}</a>
            <Status market={market} />
          </li>
        ))}
      </ul>
      {doing && (
        <GroupAct
          key={doing}
          {...{ doing, group: data, done }}
          close={() => {
            setDoing(undefined);
            group.reload();
          }}
        />
      )}
    </article>
  );
}

function GroupAct({ doing, group, done, close }: { doing: GroupDoing; group: Group; done: Done; close: () => void }) {
  const [winner, setWinner] = useState(doing === "resolve" ? (group.winner_ticker ?? "") : "");
  const [text, setText] = useState("");
  const path = `/admin/v1/groups/${encodeURIComponent(group.event_ticker)}/${doing}`;
  const share = (Math.floor(10_000 / Math.max(1, group.markets.length)) / 10_000).toFixed(4);
  const parts = useMemo<Part[]>(
    () =>
      group.markets
        .filter((market) => market.lifecycle_status !== "finalized")
        .map(({ ticker }) => ({ ticker, ending: doing === "void" ? "void" : ticker === winner ? "yes" : "no", voidPrice: share })),
    [winner, doing],
  );
  const previews = usePreviews(parts, doing);
  const sum = previews.data && summed(previews.data, parts);
  const shows = doing !== "dispute" && (doing === "void" || winner !== "");
  const pays = doing === "resolve" || doing === "void";
  function hindered(): string | undefined {
    if (doing === "void" && group.markets.some((market) => market.lifecycle_status === "active")) {
      return "Its markets trade: pause or close them first, so that what you see is what is paid.";
    }
    if (doing === "dispute") return undefined;
    if (!shows) return "Say which market won.";
    if (!sum) return "What it pays has to be seen first.";
    return sum.conserved ? undefined : "It would not pay what is there.";
  }
  const said: ComponentChildren = {
    determine: "All of its markets close. Nobody is paid yet. As it stands now:",
    dispute: `Nobody is paid until a winner is stated anew. It was: ${group.winner_ticker ?? ""}.`,
    resolve: `${winner} ends yes, all others no.`,
    void: `Every yes share pays ${showCents(share)}, every no share the rest.`,
  }[doing];
  return (
    <Act
      title={`${GROUP_WORDS[doing]}: ${group.title}`}
      word={!pays ? GROUP_WORDS[doing] : sum ? `Pay ${showMoney(sum.paid + sum.feesReturned)}` : "Pay"}
      money={pays}
      hindered={hindered()}
      {...{ done, close }}
      run={async () => {
        const decides = doing === "determine" || doing === "resolve";
        await operatorKey.ask("POST", path, decides ? { winner_ticker: winner, evidence: text } : { reason: text });
        if (doing === "dispute") return `The result of ${group.event_ticker} is disputed.`;
        if (doing === "determine") return `The winner of ${group.event_ticker} is stated: ${winner}. Nobody is paid yet.`;
        return `${group.event_ticker} ${doing === "void" ? "is void" : `ended: ${winner}`}; paid: ${sum ? toldOf(sum) : ""}.`;
      }}
    >
      {doing === "determine" && (
        <fieldset class="winners">
          <legend>Which market won?</legend>
          {group.markets.map((market) => (
            <label class="check" key={market.ticker}>
              <input type="radio" name="winner" checked={winner === market.ticker} onChange={() => setWinner(market.ticker)} />
              <span>{market.title}</span>
            </label>
          ))}
        </fieldset>
      )}
      {doing !== "resolve" && <Text name={doing === "determine" ? "Evidence, for everybody to read" : "Why, for everybody to read"} value={text} set={setText} />}
      <p class="quiet">{said}</p>
      {shows && <Payouts previews={previews} parts={parts} />}
      {pays && <p>This cannot be taken back.</p>}
    </Act>
  );
}

const showCents = (dollars: string): string => `${Number((Number(dollars) * 100).toFixed(2))}¢`;
