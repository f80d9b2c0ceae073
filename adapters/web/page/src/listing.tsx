// Listing what can be traded: an event, and a market with its rules.

import { useState } from "preact/hooks";
import { all, type Event as Group, type Market, type Refused } from "./api";
import { useLoaded } from "./hooks";
import { operatorKey } from "./key";
import { allMarkets } from "./parts";

type Done = (said: string) => void;

interface Fields {
  ticker: string;
  title: string;
  rules: string;
  category: string;
  group_id: string;
  tick_cents: string;
  close: string;
  parent: string;
  required: string;
}

const BLANK: Fields = { ticker: "", title: "", rules: "", category: "", group_id: "", tick_cents: "1", close: "", parent: "", required: "yes" };

export function NewMarket({ done }: { done: Done }) {
  const [fields, setFields] = useState(BLANK);
  const [open, setOpen] = useState(true);
  const [refused, setRefused] = useState<Refused>();
  const [sending, setSending] = useState(false);
  const known = useLoaded(async () => {
    const [groups, markets] = await Promise.all([all<"events", Group>("/events", "events"), allMarkets()]);
    return { groups: groups.filter((each) => each.lifecycle_status === "open"), markets: markets.filter((each) => ["active", "inactive"].includes(each.lifecycle_status)) };
  }, []);
  const set = (name: keyof Fields) => (event: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: event.currentTarget.value });

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    setSending(true);
    setRefused(undefined);
    const { ticker, title, rules, category, group_id, tick_cents, close, parent, required } = fields;
    try {
      await operatorKey.ask("POST", "/admin/v1/markets", {
        ticker: ticker.trim(),
        title: title.trim(),
        rules,
        category: category.trim(),
        ...(group_id ? { group_id } : {}),
        tick_size_dollars: (Number(tick_cents) / 100).toFixed(4),
        ...(close ? { close_ts: Math.floor(new Date(close).getTime() / 1000) } : {}),
        ...(parent ? { condition: { parent_ticker: parent, required_result: required } } : {}),
        activate: open,
      });
      setFields({ ...BLANK, category, group_id });
      done(`${ticker.trim()} is listed${open ? " and open" : ", not open yet"}.`);
    } catch (fault) {
      setRefused(fault as Refused);
    }
    setSending(false);
  }
  return (
    <div class="listings">
      <form class="listing" onSubmit={(event) => void send(event)} aria-label="New market">
        <h2>New market</h2>
        <label>
          <span>Ticker</span>
          <input required pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" maxLength={64} autocomplete="off" value={fields.ticker} onInput={set("ticker")} />
        </label>
        <label>
          <span>Question</span>
          <input required maxLength={2000} value={fields.title} onInput={set("title")} />
        </label>
        <label>
          <span>Rules: what decides it, and by which source</span>
          <textarea rows={5} value={fields.rules} onInput={set("rules")} />
        </label>
        <label>
          <span>Category</span>
          <input maxLength={200} value={fields.category} onInput={set("category")} />
        </label>
        <label>
          <span>Event, of whose markets exactly one ends yes</span>
          <select value={fields.group_id} onChange={set("group_id")}>
            <option value="">none</option>
            {known.data?.groups.map((group) => (
              <option key={group.event_ticker} value={group.event_ticker}>
                {group.title}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Prices in steps of, in cents</span>
          <select value={fields.tick_cents} onChange={set("tick_cents")}>
            {["0.01", "0.1", "0.5", "1", "5", "10"].map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          <span>Trading ends at (your time; empty for when you say so)</span>
          <input type="datetime-local" value={fields.close} onInput={set("close")} />
        </label>
        <label>
          <span>Counts only if this market</span>
          <select value={fields.parent} onChange={set("parent")}>
            <option value="">no condition</option>
            {known.data?.markets.map((market: Market) => (
              <option key={market.ticker} value={market.ticker}>
                {market.title}
              </option>
            ))}
          </select>
        </label>
        {fields.parent && (
          <label>
            <span>ends</span>
            <select value={fields.required} onChange={set("required")}>
              <option>yes</option>
              <option>no</option>
            </select>
          </label>
        )}
        <label class="check">
          <input type="checkbox" checked={open} onChange={(event) => setOpen(event.currentTarget.checked)} />
          <span>let trading begin at once</span>
        </label>
        {refused && (
          <p class="failed" role="alert">
            {refused.message} {refused.details && <span>({refused.details})</span>} <code>{refused.code}</code>
          </p>
        )}
        <button type="submit" class="send" disabled={sending}>
          {sending ? "Listing…" : "List it"}
        </button>
      </form>
      <NewEvent
        done={(said) => {
          known.reload();
          done(said);
        }}
      />
    </div>
  );
}

function NewEvent({ done }: { done: Done }) {
  const [id, setId] = useState("");
  const [title, setTitle] = useState("");
  const [category, setCategory] = useState("");
  const [refused, setRefused] = useState<Refused>();
  async function send(event: Event): Promise<void> {
    event.preventDefault();
    setRefused(undefined);
    try {
      await operatorKey.ask("POST", "/admin/v1/groups", { group_id: id.trim(), title: title.trim(), category: category.trim() });
      done(`Event ${id.trim()} is there; list its markets.`);
      setId("");
      setTitle("");
    } catch (fault) {
      setRefused(fault as Refused);
    }
  }
  return (
    <form class="listing" onSubmit={(event) => void send(event)} aria-label="New event">
      <h2>New event</h2>
      <p class="quiet">Several markets of which exactly one ends yes. They end together.</p>
      <label>
        <span>Id</span>
        <input required maxLength={64} autocomplete="off" value={id} onInput={(event) => setId(event.currentTarget.value)} />
      </label>
      <label>
        <span>Title</span>
        <input required maxLength={2000} value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
      </label>
      <label>
        <span>Category</span>
        <input maxLength={200} value={category} onInput={(event) => setCategory(event.currentTarget.value)} />
      </label>
      {refused && (
        <p class="failed" role="alert">
          {refused.message} <code>{refused.code}</code>
        </p>
      )}
      <button type="submit">Add the event</button>
    </form>
  );
}
