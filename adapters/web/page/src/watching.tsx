// What an operator has to know: what is wrong, what is unusual, and how the promises stand.

import { useLoaded } from "./hooks";
import { operatorKey } from "./key";
import { Failed, Loading, When } from "./parts";

interface Alert {
  concern: string;
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

export function Watching() {
  const alerts = useLoaded(() => operatorKey.ask<{ active: Alert[]; over: Alert[] }>("GET", "/admin/v1/alerts"), []);
  const levels = useLoaded(() => operatorKey.ask<{ window_days: number; objectives: Objective[] }>("GET", "/admin/v1/service_levels"), []);
  if (!alerts.data || !levels.data) return alerts.error ? <Failed error={alerts.error} again={alerts.reload} /> : <Loading what="how things stand" />;
  return (
    <article>
      <h1>Watch</h1>
      <h2>Alerts</h2>
      {!alerts.data.active.length && <p class="quiet">None.</p>}
      <ul class="orders">
        {alerts.data.active.map((alert) => (
          <li key={alert.concern + alert.subject}>
            <span>
              <strong>{alert.subject}</strong> {alert.message}
            </span>
            <span class="quiet">
              <When time={alert.since} />
            </span>
          </li>
        ))}
      </ul>
    </article>
  );
}
