// Money that comes in and goes out: an account is credited or paid, under a reference that counts once.

import { useState } from "preact/hooks";
import { Act } from "./acts";
import type { Refused } from "./api";
import { operatorKey } from "./key";
import { micro, showMoney } from "./money";

type Kind = "deposits" | "withdrawals";

interface Transfer {
  kind: Kind;
  account: string;
  amount: string;
  reference: string;
}

const WORDS: Record<Kind, { choice: string; word: string; what: string; done: (amount: string, account: string) => string }> = {
  deposits: { choice: "Deposit", word: "Credit", what: "to", done: (amount, account) => `${amount} credited to ${account}` },
  withdrawals: { choice: "Withdrawal", word: "Pay out", what: "from", done: (amount, account) => `${amount} paid out from ${account}` },
};
const BLANK: Transfer = { kind: "deposits", account: "", amount: "", reference: "" };
/** Dollars and cents, and more than nothing. */
const AMOUNT = "(?=.*[1-9])\\d{1,12}(\\.\\d{1,2})?";

export function Transfers({ done }: { done: (said: string) => void }) {
  const [transfer, setTransfer] = useState(BLANK);
  const [asked, setAsked] = useState<Transfer>();
  const set = (name: "account" | "amount" | "reference") => (event: { currentTarget: { value: string } }) => setTransfer({ ...transfer, [name]: event.currentTarget.value });
  const words = WORDS[transfer.kind];

  function ask(event: Event): void {
    event.preventDefault();
    setAsked({ ...transfer, account: transfer.account.trim(), amount: transfer.amount.trim(), reference: transfer.reference.trim() });
  }
  return (
    <>
      <form class="listing transfer" onSubmit={ask} aria-label="Money in and out">
        <h1>Money in and out</h1>
        <div class="choices" role="group" aria-label="Which way">
          {(["deposits", "withdrawals"] as const).map((kind) => (
            <button type="button" key={kind} aria-pressed={transfer.kind === kind} onClick={() => setTransfer({ ...transfer, kind })}>
              {WORDS[kind].choice}
            </button>
          ))}
        </div>
        <label>
          <span>Account</span>
          <input required maxLength={64} autocomplete="off" autocapitalize="none" spellcheck={false} value={transfer.account} onInput={set("account")} />
        </label>
        <label>
          <span>Amount, in dollars</span>
          <input required inputMode="decimal" pattern={AMOUNT} title="Dollars, for example 250 or 99.50" autocomplete="off" value={transfer.amount} onInput={set("amount")} />
        </label>
        <label>
          <span>Reference, such as the bank's number of the transfer</span>
          <input required maxLength={200} autocomplete="off" spellcheck={false} value={transfer.reference} onInput={set("reference")} />
        </label>
        <p class="quiet">A reference counts once for each account: sent twice, the money moves once.</p>
        <button type="submit" class="send">
          {words.word}…
        </button>
      </form>
      {asked && (
        <Confirm
          transfer={asked}
          close={() => setAsked(undefined)}
          done={(said) => {
            setTransfer({ ...BLANK, kind: asked.kind });
            done(said);
          }}
        />
      )}
    </>
  );
}

function Confirm({ transfer, done, close }: { transfer: Transfer; done: (said: string) => void; close: () => void }) {
  const { kind, account, amount, reference } = transfer;
  const words = WORDS[kind];
  const money = showMoney(micro(amount));

  async function run(): Promise<string> {
    try {
      await operatorKey.ask("POST", `/admin/v1/accounts/${encodeURIComponent(account)}/${kind}`, { amount_dollars: amount, reference });
    } catch (fault) {
      // Whether it was done is not known: the same reference may be sent again, and counts once.
      if ((fault as Refused).code === "unreachable") (fault as Refused).message = "The exchange has not answered. Send it again as it is: it counts once.";
      throw fault;
    }
    return `${words.done(money, account)}, reference ${reference}.`;
  }
  return (
    <Act title={`${words.choice}: ${account}`} word={`${words.word} ${money}`} money {...{ done, close, run }}>
      <p>
        <strong>{money}</strong> {words.what} <strong>{account}</strong>
      </p>
      <p class="quiet">Reference: {reference}</p>
      {kind === "deposits" && <p>An account that nobody has yet is opened by it: look at the name once more.</p>}
    </Act>
  );
}
