// Logging in and signing up, and who earns most.

import { useState } from "preact/hooks";
import { get, post, type Refused, type Standing } from "./api";
import { useLoaded, type Shown } from "./hooks";
import { micro, showGain } from "./money";
import { Empty, Failed, Loading } from "./parts";

interface Session {
  account_id: string;
}

export function Login({ begun }: { begun: (account: string) => void }) {
  const [fresh, setFresh] = useState(false);
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [sending, setSending] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  async function send(event: Event): Promise<void> {
    event.preventDefault();
    setSending(true);
    setRefused(undefined);
    try {
      const session = await post<Session>(fresh ? "/accounts" : "/login", { account_id: account.trim(), password });
      begun(session.account_id);
    } catch (error) {
      setRefused(error as Refused);
      setSending(false);
    }
  }
  return (
    <form class="login" onSubmit={(event) => void send(event)}>
      <h1>{fresh ? "Open an account" : "Log in"}</h1>
      <label>
        <span>Account</span>
        <input required autocomplete="username" value={account} onInput={(event) => setAccount(event.currentTarget.value)} />
      </label>
      <label>
        <span>Password{fresh && <span class="quiet">, at least 10 characters</span>}</span>
        <input
          required
          type="password"
          minLength={fresh ? 10 : 1}
          autocomplete={fresh ? "new-password" : "current-password"}
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      {refused && (
        <p class="failed" role="alert">
          {refused.message} <code>{refused.code}</code>
        </p>
      )}
      <button type="submit" class="send" disabled={sending}>
        {fresh ? "Open it" : "Log in"}
      </button>
      <p class="quiet">
        {fresh ? "You have one? " : "You have none? "}
        <button
          type="button"
          class="link"
          onClick={() => {
            setFresh(!fresh);
            setRefused(undefined);
          }}
        >
          {fresh ? "Log in" : "Open an account"}
        </button>
      </p>
    </form>
  );
}

const PERIODS = { day: "today", week: "this week", month: "this month", all: "all time" };
type Period = keyof typeof PERIODS;

export function Leaderboard({ shown }: { shown: Shown }) {
  const [period, setPeriod] = useState<Period>("all");
  const standings = useLoaded(async () => (await get<{ entries: Standing[] }>("/leaderboard", { period, limit: 50 })).entries, [period]);
  const most = Math.max(1, ...(standings.data ?? []).map((entry) => Math.abs(micro(entry.profit_dollars))));
  return (
    <article class="leaderboard">
      <h1>Leaderboard</h1>
      <div class="choices" role="group" aria-label="Period">
        {Object.entries(PERIODS).map(([each, words]) => (
          <button type="button" key={each} aria-pressed={period === each} onClick={() => setPeriod(each as Period)}>
            {words}
          </button>
        ))}
      </div>
      {standings.error && <Failed error={standings.error} again={standings.reload} />}
      {!standings.data && !standings.error && <Loading what="standings" />}
      {standings.data?.length === 0 && <Empty>Nobody has traded in this time.</Empty>}
      <ol class="standings">
        {standings.data?.map((entry) => {
          const profit = micro(entry.profit_dollars);
          return (
            <li key={entry.account_id} class={entry.account_id === shown.account ? "me" : ""}>
              <span class="figure quiet">{entry.rank}</span>
              <span>{entry.account_id}</span>
              <span class={`meter ${profit < 0 ? "down" : "up"}`} aria-hidden="true">
                <span style={{ width: `${(Math.abs(profit) / most) * 100}%` }} />
              </span>
              <strong class="figure">{showGain(profit)}</strong>
            </li>
          );
        })}
      </ol>
    </article>
  );
}
