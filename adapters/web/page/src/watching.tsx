// What an operator has to know: what is wrong, what is unusual, how the promises stand, and what waits.

import { useEffect, useState } from "preact/hooks";
import { Refused } from "./api";
import { operatorKey } from "./key";
import { Failed, Loading, When } from "./parts";

interface Alert {
  concern: "order_flow" | "service_level" | "market_manipulation";
  subject: string;
  message: string;
  since: string;
  until: string | null;
}

interface Objective {
  name: string;
  target: number;
  good_means: string;
  unit: string;
  counted: number;
  bad: number;
  left: number;
  consumed: number | null;
  broken: boolean;
  alarms: string[];
}

interface Condition {
  part: string;
  code: string;
  stops: string;
  message: string;
}

type Figures = Record<string, { labels: Record<string, string>; value: number }[]>;

interface Standing {
  readiness: { status: string; conditions: Condition[] };
  service_levels: { window_days: number; objectives: Objective[] };
  alerts: { active: Alert[]; over: Alert[] };
  figures: Figures;
  lag_ms: number;
}

const FEED = "/trade-api/sse/v2?channels=admin";
const AGAIN_MS = 2_000;
const PAST = 120;

/** Follow how the exchange is: asked for once, then told; the stream is asked for again whenever it ends. */
function useStanding() {
  const [standing, setStanding] = useState<Standing>();
  const [lags, setLags] = useState<number[]>([]);
  const [error, setError] = useState<Refused>();
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    const gone = new AbortController();
    const take = (type: string, msg: never): void => {
      if (type === "admin_lag") setLags((before) => [...before, (msg as { lag_ms: number }).lag_ms].slice(-PAST));
      setStanding((before) => before && changed(before, type, msg));
    };
    void follow(gone.signal, take, setStanding, setError, setHeard);
    return () => gone.abort();
  }, []);
  return { standing, lags, error, heard };
}

async function follow(
  gone: AbortSignal,
  take: (type: string, msg: never) => void,
  whole: (standing: Standing) => void,
  failed: (error: Refused | undefined) => void,
  heard: (heard: boolean) => void,
): Promise<void> {
  while (!gone.aborted && operatorKey.id) {
    try {
      whole({ ...(await operatorKey.ask<Omit<Standing, "lag_ms">>("GET", "/admin/v1/overview")), lag_ms: 0 });
      const stream = await operatorKey.send("GET", FEED, undefined, gone);
      failed(undefined);
      heard(true);
      for await (const { type, msg } of messagesOf(stream)) take(type, msg);
    } catch (fault) {
      if (gone.aborted) return;
      if (fault instanceof Refused) failed(fault);
    }
    heard(false);
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}

/** Yield the messages of a stream of events. */
async function* messagesOf(stream: Response): AsyncGenerator<{ type: string; msg: never }> {
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) return;
    const lines = (text + piece.value).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) {
        const told = JSON.parse(line.slice(6)) as { type?: string; msg: never };
        if (told.type?.startsWith("admin_")) yield { type: told.type, msg: told.msg };
      }
    }
  }
}

const sameAlert = (one: Alert, other: Alert): boolean => one.concern === other.concern && one.subject === other.subject;

function changed(standing: Standing, type: string, msg: never): Standing {
  if (type === "admin_lag") return { ...standing, lag_ms: (msg as { lag_ms: number }).lag_ms };
  if (type !== "admin_alert") return { ...standing, [type.replace("admin_", "")]: msg };
  const alert = msg as Alert;
  const { active, over } = standing.alerts;
  const others = active.filter((each) => !sameAlert(each, alert));
  const past = over.filter((each) => !(sameAlert(each, alert) && each.since === alert.since));
  return { ...standing, alerts: alert.until ? { active: others, over: [alert, ...past] } : { active: [alert, ...others], over } };
}

export function Watching() {
  const { standing, lags, error, heard } = useStanding();
  if (!standing) return error ? <Failed error={error} /> : <Loading what="how things stand" />;
  const { readiness, alerts, service_levels: levels, figures } = standing;
  return (
    <article class="watching">
      <h1>
        {readiness.status === "ready" && alerts.active.length > 0 ? "It runs, and something is unusual" : (STATUS[readiness.status] ?? readiness.status)}{" "}
        <span class={`chip ${heard ? "yes" : "no"}`} role="status">
          {heard ? "as it happens" : "not connected; as it was"}
        </span>
      </h1>
      <Conditions conditions={readiness.conditions} />
      <div class="panels">
        <section class="card" aria-label="Alerts">
          <h2>Alerts</h2>
          {!alerts.active.length && <p class="quiet">Nothing is unusual.</p>}
          <ul class="alerts">
            {alerts.active.map((alert) => (
              <AlertLine key={alert.concern + alert.subject} alert={alert} />
            ))}
          </ul>
          {alerts.over.length > 0 && (
            <details>
              <summary class="quiet">{alerts.over.length} over</summary>
              <ul class="alerts">
                {alerts.over.slice(0, 50).map((alert) => (
                  <AlertLine key={alert.concern + alert.subject + alert.since} alert={alert} />
                ))}
              </ul>
            </details>
          )}
        </section>
        <section class="card" aria-label="Promises">
          <h2>
            Promises <span class="quiet">over {levels.window_days} days</span>
          </h2>
          <ul class="budgets">
            {levels.objectives.map((objective) => (
              <Budget key={objective.name} objective={objective} />
            ))}
          </ul>
        </section>
        <section class="card" aria-label="Lag">
          <h2>Behind the log</h2>
          <p>
            <strong class="figure large">{showLag(standing.lag_ms)}</strong> <span class="quiet">the feed</span>
          </p>
          <Lags lags={lags} />
          <p class="quiet">readers {showLag(sumOf(figures["presage_read_models_lag_seconds"]) * 1000)}</p>
        </section>
        <section class="card" aria-label="Firewall">
          <h2>Firewall and limits</h2>
          <Bars figures={figures["presage_firewall_verdicts"]} label="verdict" none="It has seen nothing." />
          <Bars figures={figures["presage_firewall_hits"]} label="rule" none="No rule has found anything." />
          <Refusals figures={figures["presage_limiter_decisions"]} />
        </section>
        <section class="card" aria-label="What waits">
          <h2>What waits</h2>
          <dl class="figures">
            {WAITING.map(([name, words]) =>
              figures[name] ? (
                <>
                  <dt>{words}</dt>
                  <dd>{sumOf(figures[name]).toLocaleString("en-US")}</dd>
                </>
              ) : null,
            )}
          </dl>
        </section>
        <section class="card" aria-label="Streams">
          <h2>Decided here</h2>
          <Bars figures={figures["presage_streams_owned"]} label="kind" none="No stream has been asked for yet." />
        </section>
      </div>
    </article>
  );
}

const STATUS: Record<string, string> = {
  ready: "All is well",
  degraded: "Something is wrong",
  starting: "The exchange is starting",
  unavailable: "The exchange stands still",
};

const WAITING: readonly (readonly [string, string])[] = [
  ["presage_commands_waiting", "Commands to be decided"],
  ["presage_sagas_open", "Orders under way"],
  ["presage_sagas_set_aside", "Orders that need a person"],
  ["presage_queue_messages", "Messages in queues"],
  ["presage_queue_dead", "Messages given up"],
  ["presage_notices_waiting", "Notices to be delivered"],
  ["presage_notices_undelivered", "Notices not delivered"],
  ["presage_feed_sockets", "Who listens to the feed"],
];

function Conditions({ conditions }: { conditions: readonly Condition[] }) {
  return (
    <ul class="conditions">
      {conditions.map((each) => (
        <li key={each.part + each.code} class={each.stops === "everything" ? "grave" : ""}>
          <strong>{each.part}</strong> <code>{each.code}</code>
          <p>
            {each.message} <span class="quiet">It stops {each.stops === "everything" ? "everything" : "a part; the rest works"}.</span>
          </p>
        </li>
      ))}
    </ul>
  );
}

const CONCERNS: Record<Alert["concern"], string> = { order_flow: "order flow", service_level: "promise", market_manipulation: "manipulation" };

const AlertLine = ({ alert }: { alert: Alert }) => (
  <li>
    <span class="chip">{CONCERNS[alert.concern]}</span> <strong>{alert.subject}</strong>
    <p>{alert.message}</p>
    <p class="quiet">
      <When time={alert.since} />
      {alert.until && (
        <>
          {" "}
          to <When time={alert.until} />
        </>
      )}
    </p>
  </li>
);

/** How much of an error budget is used up, in a picture. */
function Budget({ objective }: { objective: Objective }) {
  const used = objective.consumed === null ? 1 : Math.min(1, Math.max(0, objective.consumed));
  const bad = objective.broken || objective.alarms.length > 0;
  return (
    <li>
      <span>
        <strong>{objective.name}</strong> <span class="quiet">{objective.good_means}</span>
      </span>
      <span class={`meter ${bad ? "down" : "up"}`} role="img" aria-label={`${percent(used)} of the error budget is used up`}>
        <span style={{ width: `${used * 100}%` }} />
      </span>
      <span class={bad ? "failed" : "quiet"}>
        {bad ? objective.alarms.join("; ") || "the promise is broken" : left(objective, used)}
      </span>
    </li>
  );
}

function left(objective: Objective, used: number): string {
  if (!objective.counted) return "nothing counted yet";
  return `${percent(used)} used; ${objective.left.toLocaleString("en-US")} more ${objective.unit} may go bad`;
}

function Lags({ lags }: { lags: readonly number[] }) {
  const most = Math.max(100, ...lags);
  const points = lags.map((lag, at) => `${((at / (PAST - 1)) * 100).toFixed(1)},${(30 - (lag / most) * 28).toFixed(1)}`);
  return (
    <div class="lags">
      <svg viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label={`Lag of the last ${lags.length} seconds, at most ${showLag(Math.max(0, ...lags))}`}>
        {points.length > 1 && <polyline points={points.join(" ")} />}
      </svg>
    </div>
  );
}

type Figure = Figures[string] | undefined;

function Bars({ figures, label, none }: { figures: Figure; label: string; none: string }) {
  const rows = [...(figures ?? [])].sort((one, other) => other.value - one.value).slice(0, 8);
  if (!rows.length) return <p class="quiet">{none}</p>;
  const most = Math.max(...rows.map(({ value }) => value));
  return (
    <ul class="bars">
      {rows.map(({ labels, value }) => (
        <li key={labels[label]}>
          <span>{labels[label]}</span>
          <span class="meter" aria-hidden="true">
            <span style={{ width: `${(value / most) * 100}%` }} />
          </span>
          <span class="figure">{value.toLocaleString("en-US")}</span>
        </li>
      ))}
    </ul>
  );
}

function Refusals({ figures }: { figures: Figure }) {
  const refused = sumOf(figures?.filter(({ labels }) => labels["outcome"] === "refused" || labels["outcome"] === "boxed"));
  return <p class="quiet">Limits have refused {refused.toLocaleString("en-US")} requests.</p>;
}

const sumOf = (figures: Figure): number => (figures ?? []).reduce((sum, { value }) => sum + value, 0);
const percent = (share: number): string => `${(share * 100).toFixed(share && share < 0.1 ? 1 : 0)}%`;
const showLag = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);
