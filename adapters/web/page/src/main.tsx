// The page: a header, and the view that the address names.

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, onSessionOver, post } from "./api";
import { useAddress, useLiveState, useModule, useSetting, type Shown, type Theme } from "./hooks";
import { live } from "./live";
import { MarketPage } from "./market";
import { Markets } from "./markets";
import { Leaderboard, Login } from "./people";
import { Empty, Loading } from "./parts";
import { Portfolio } from "./portfolio";
import type { Unit } from "./money";
import { Why } from "./why";

function Page() {
  const { path, query } = useAddress();
  const [unit, setUnit] = useSetting<Unit>("unit", "cents");
  const [theme, setTheme] = useSetting<Theme>("theme", "system");
  const [account, setAccount] = useState<string | null>();

  useEffect(() => {
    onSessionOver(() => setAccount(null));
    void get<{ sessions: { account_id: string; current: boolean }[] }>("/sessions").then(
      ({ sessions }) => setAccount(sessions.find((session) => session.current)?.account_id ?? null),
      () => setAccount(null),
    );
  }, []);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  useEffect(() => {
    document.title = path[0] === "markets" && path[1] ? `${path[1]} · Presage` : "Presage";
    scrollTo(0, 0);
  }, [path.join("/")]);

  function begun(name: string): void {
    setAccount(name);
    live.reconnect();
    location.hash = query.get("to")?.startsWith("#/") ? (query.get("to") ?? "#/") : "#/";
  }

  async function leave(): Promise<void> {
    await post("/logout", {}).catch(() => undefined);
    setAccount(null);
    live.reconnect();
  }

  const shown: Shown = { unit, theme, account: account ?? null };
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => skip(event)}>
        To the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          Presage
        </a>
        <nav aria-label="Main">
          <Link to="" here={path[0] ?? ""}>
            Markets
          </Link>
          <Link to="portfolio" here={path[0] ?? ""}>
            Portfolio
          </Link>
          <Link to="leaderboard" here={path[0] ?? ""}>
            Leaderboard
          </Link>
        </nav>
        <div class="settings">
          <Connection />
          <button type="button" onClick={() => setUnit(unit === "cents" ? "percent" : "cents")} aria-label={`Prices in ${unit}; change`}>
            {unit === "cents" ? "¢" : "%"}
          </button>
          <button type="button" onClick={() => setTheme(next(theme))} aria-label={`Colours: ${theme}; change`}>
            {{ system: "◐", light: "☀", dark: "☾" }[theme]}
          </button>
          {account ? (
            <>
              <span class="account">{account}</span>
              <button type="button" onClick={() => void leave()}>
                Log out
              </button>
            </>
          ) : (
            account === null && (
              <a class="button" href="#/login">
                Log in
              </a>
            )
          )}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {account === undefined ? <Loading what="the page" /> : view(path, query, shown, begun)}
      </main>
      <footer class="quiet">
        <a href="/docs">Interface</a> · <a href="#/operator">Operator</a> · every price here is what the log says
      </footer>
    </>
  );
}

function view(path: readonly string[], query: URLSearchParams, shown: Shown, begun: (account: string) => void) {
  const [room, name] = path;
  const at = query.get("at");
  if (room === undefined) return <Markets shown={shown} />;
  if (room === "markets" && name) {
    return <MarketPage key={name} ticker={name} at={momentIn(at)} shown={shown} />;
  }
  if (room === "portfolio") return <Portfolio ticker={query.get("ticker")} shown={shown} />;
  if (room === "leaderboard") return <Leaderboard shown={shown} />;
  if (room === "login") return <Login begun={begun} />;
  if (room === "operator") return <Operator path={path.slice(1)} />;
  if (room === "why" && name) return <Why orderId={name} />;
  return (
    <Empty>
      There is nothing here. <a href="#/">All markets</a>
    </Empty>
  );
}

/** Return the moment that an address names, to the millisecond. */
function momentIn(text: string | null): number | null {
  return Number(text) > 0 ? Math.round(Number(text) * 1_000) / 1_000 : null;
}

/** Few people are operators: their room is loaded when somebody comes to it. */
function Operator({ path }: { path: readonly string[] }) {
  const room = useModule(() => import("./operator"));
  return room ? <room.Operator path={path} /> : <Loading what="the operator's room" />;
}

const next = (theme: Theme): Theme => (theme === "system" ? "dark" : theme === "dark" ? "light" : "system");

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Link({ to, here, children }: { to: string; here: string; children: string }) {
  const present = here === to || (to === "" && here === "markets");
  return (
    <a href={`#/${to}`} {...(present ? { "aria-current": "page" as const } : {})}>
      {children}
    </a>
  );
}

function Connection() {
  const state = useLiveState();
  if (state === "idle") return null; // nothing here has to be followed
  const words = { live: "live", connecting: "connecting…", waiting: "reconnecting…" }[state];
  return (
    <span class={`connection ${state}`} role="status">
      <span class="dot" aria-hidden="true" /> <span class="words">{words}</span>
    </span>
  );
}

const place = document.getElementById("page");
if (place) {
  place.replaceChildren();
  render(<Page />, place);
}
