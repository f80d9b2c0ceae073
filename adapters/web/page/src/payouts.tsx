// What an ending of some markets would pay, in all and to whom, before it is taken.

import { useMemo } from "preact/hooks";
import { useLoaded } from "./hooks";
import { operatorKey } from "./key";
import { count, micro, showCount, showGain, showMoney, type Micro } from "./money";
import { Empty, Failed, Loading } from "./parts";

export type Ending = "yes" | "no" | "void" | "unwind";

interface EndingTold {
  ending: Ending;
  payout_dollars: string;
  collateral_dollars: string;
  conserved: boolean;
  fees_returned_dollars: string;
  owed_dollars: string;
}

interface AccountTold {
  account_id: string;
  yes_count_fp: string;
  no_count_fp: string;
  dues_dollars: Record<Ending, string>;
}

export interface Preview {
  ticker: string;
  market_version: number;
  endings: EndingTold[];
  accounts: AccountTold[];
  cursor: string;
}

/** One market's part in what is about to be decided. */
export interface Part {
  ticker: string;
  ending: Ending;
  voidPrice?: string;
  since?: number;
}

const MOST = 1_000;

/** Return what each of some markets would pay, as it stands now. */
export function usePreviews(parts: readonly Part[], turn: unknown) {
  const asked = JSON.stringify(parts.map(({ ticker, voidPrice, since }) => [ticker, voidPrice, since]));
  return useLoaded(
    () =>
      Promise.all(
        parts.map(({ ticker, voidPrice, since }) => {
          const query = new URLSearchParams({ limit: String(MOST) });
          if (voidPrice) query.set("void_price_dollars", voidPrice);
          if (since) query.set("unwind_after_ts", since.toFixed(6));
          return operatorKey.ask<Preview>("GET", `/admin/v1/markets/${encodeURIComponent(ticker)}/preview?${query.toString()}`);
        }),
      ),
    [asked, turn],
  );
}

interface Sum {
  paid: Micro;
  feesReturned: Micro;
  owed: Micro;
  conserved: boolean;
  whole: boolean;
  dues: [account: string, due: Micro, held: string][];
}

/** Add up what everybody would get. */
export function summed(previews: readonly Preview[], parts: readonly Part[]): Sum {
  const dues = new Map<string, [Micro, string[]]>();
  const sum: Sum = { paid: 0, feesReturned: 0, owed: 0, conserved: true, whole: true, dues: [] };
  previews.forEach((preview, at) => {
    const wanted = parts[at]?.ending ?? "void";
    const told = preview.endings.find(({ ending }) => ending === wanted);
    if (!told) return;
    sum.paid += micro(told.payout_dollars);
    sum.feesReturned += micro(told.fees_returned_dollars);
    sum.owed += micro(told.owed_dollars);
    sum.conserved &&= told.conserved;
    sum.whole &&= !preview.cursor;
    for (const account of preview.accounts) {
      const [due, held] = dues.get(account.account_id) ?? [0, []];
      const [yes, no] = [count(account.yes_count_fp), count(account.no_count_fp)];
      if (yes) held.push(`${showCount(yes)} yes`);
      if (no) held.push(`${showCount(no)} no`);
      dues.set(account.account_id, [due + micro(account.dues_dollars[wanted]), held]);
    }
  });
  sum.dues = [...dues].map(([account, [due, held]]): Sum["dues"][0] => [account, due, held.join(", ")]).sort((one, other) => other[1] - one[1]);
  return sum;
}

/** Say in a sentence what was paid. */
export function toldOf(sum: Sum): string {
  const paid = sum.dues.filter(([, due]) => due > 0).length;
  const who = `${paid}${sum.whole ? "" : " or more"} account${paid === 1 ? "" : "s"}`;
  return paid ? `${showMoney(sum.paid + sum.feesReturned)} to ${who}` : "nothing, as nobody holds anything";
}

interface Props {
  previews: ReturnType<typeof usePreviews>;
  parts: readonly Part[];
}

/** The picture of it: a bar for each account. */
export function Payouts({ previews, parts }: Props) {
  const { data, error, reload } = previews;
  const sum = useMemo(() => data && summed(data, parts), [data, parts]);
  if (error) return <Failed error={error} again={reload} />;
  if (!sum) return <Loading what="what it would pay" />;
  const most = Math.max(1, ...sum.dues.map(([, due]) => Math.abs(due)));
  return (
    <section class="payouts" aria-label="What it pays">
      <p>
        Pays <strong class="figure">{toldOf(sum)}</strong>
        {sum.feesReturned > 0 && <span class="quiet">, {showMoney(sum.feesReturned)} of it fees that are returned</span>}.{" "}
        {sum.conserved ? (
          <span class="quiet">That is exactly what is there.</span>
        ) : (
          <strong class="failed">That is not what is there: do not take this ending.</strong>
        )}
        {sum.owed > 0 && <span class="failed"> {showMoney(sum.owed)} would have to be given back by accounts that have taken it out.</span>}
      </p>
      {!sum.dues.length && <Empty>Nobody holds anything here.</Empty>}
      <ol class="dues" tabIndex={0} aria-label="Who gets what">
        {sum.dues.map(([account, due, held]) => (
          <li key={account}>
            <span class="due-name">
              {account} <span class="quiet">{held}</span>
            </span>
            <span class={`meter ${due < 0 ? "down" : "up"}`} aria-hidden="true">
              <span style={{ width: `${(Math.abs(due) / most) * 100}%` }} />
            </span>
            <strong class="figure">{due < 0 ? showGain(due) : showMoney(due)}</strong>
          </li>
        ))}
      </ol>
      {!sum.whole && <p class="quiet">The first {MOST.toLocaleString("en-US")} accounts by name; the sums are of all.</p>}
    </section>
  );
}
