// What became of an order, step by step, from the log.

import { get } from "./api";
import { useLoaded } from "./hooks";
import { Failed, Loading, When } from "./parts";

interface Step {
  step: string;
  type: string;
  stream: string;
  revision: number;
  at_time: string;
  data: Record<string, unknown>;
}

export function Why({ orderId }: { orderId: string }) {
  const chain = useLoaded(() => get<{ ticker: string; status: string; chain: Step[] }>(`/why/orders/${encodeURIComponent(orderId)}`), [orderId]);
  if (!chain.data) return chain.error ? <Failed error={chain.error} again={chain.reload} /> : <Loading what="what happened" />;
  return (
    <article class="why">
      <p class="quiet">
        <a href={`#/markets/${encodeURIComponent(chain.data.ticker)}`}>{chain.data.ticker}</a> · {chain.data.status}
      </p>
      <h1>What became of this order</h1>
      <ol class="steps">
        {chain.data.chain.map((step) => (
          <li key={`${step.stream}@${step.revision}`}>
            <strong>{step.type.replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`)}</strong>{" "}
            <span class="quiet">
              <When time={step.at_time} /> · {step.stream} @ {step.revision}
            </span>
            {step.stream.startsWith("market-") && (
              <a class="quiet" href={`#/markets/${encodeURIComponent(chain.data?.ticker ?? "")}?at=${Date.parse(step.at_time) / 1000}`}>
                {" "}
                the market then
              </a>
            )}
            <details>
              <summary class="quiet">what the log says</summary>
              <pre>{JSON.stringify(step.data, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ol>
    </article>
  );
}
