// What an operator is about to do, asked once more: what it does, what it pays, and then what was done.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Refused } from "./api";
import { FRESH_MS, operatorKey } from "./key";

/** Give the key: its file, or its text. ``known`` is the id of one that is only asked for again. */
export function GiveKey({ known, given }: { known?: string | null; given?: () => void }) {
  const [id, setId] = useState(known ?? "");
  const [pem, setPem] = useState("");
  const [refused, setRefused] = useState<Refused>();
  const [asking, setAsking] = useState(false);

  async function choose(file: File | undefined): Promise<void> {
    if (!file) return;
    setPem(await file.text());
    if (!known) setId(file.name.replace(/\.pem$/, ""));
  }
  async function give(event: Event): Promise<void> {
    event.preventDefault();
    setAsking(true);
    setRefused(undefined);
    try {
      await operatorKey.give(id.trim(), pem);
      setPem("");
      given?.();
    } catch (fault) {
      setRefused(fault as Refused);
    }
    setAsking(false);
  }
  return (
    <form class="give-key" onSubmit={(event) => void give(event)}>
      <label>
        <span>File of the private key</span>
        <input type="file" accept=".pem" onChange={(event) => void choose(event.currentTarget.files?.[0])} />
      </label>
      <label>
        <span>or its text</span>
        <textarea required rows={3} spellcheck={false} autocomplete="off" class="secret" value={pem} placeholder="-----BEGIN PRIVATE KEY-----" onInput={(event) => setPem(event.currentTarget.value)} />
      </label>
      <label>
        <span>Id of the key</span>
        <input required autocomplete="off" spellcheck={false} readOnly={Boolean(known)} value={id} onInput={(event) => setId(event.currentTarget.value)} />
      </label>
      {refused && (
        <p class="failed" role="alert">
          {refused.message} <code>{refused.code}</code>
        </p>
      )}
      <button type="submit" class="send" disabled={asking}>
        {asking ? "Looking…" : "Use this key"}
      </button>
    </form>
  );
}

export interface ActProps {
  title: string;
  /** What the button says that does it. */
  word: string;
  /** Whether money moves, for which the key must have been given a short while ago. */
  money?: boolean;
  /** Why it cannot be done as it stands, if it cannot. */
  hindered?: string | undefined;
  children?: ComponentChildren;
  /** Do it; return what was done, in words. */
  run: () => Promise<string>;
  done: (said: string) => void;
  close: () => void;
}

/** A dialog that does one thing when it is told to, and says why not where it could not. */
export function Act({ title, word, money = false, hindered, children, run, done, close }: ActProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [refused, setRefused] = useState<Refused>();
  const [sending, setSending] = useState(false);
  const [, setTurn] = useState(0);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  async function act(event: Event): Promise<void> {
    event.preventDefault();
    if (money && !operatorKey.fresh) {
      setTurn((turn) => turn + 1); // the key is asked for again
      return;
    }
    setSending(true);
    setRefused(undefined);
    try {
      done(await run());
      dialog.current?.close();
    } catch (fault) {
      setRefused(fault as Refused);
      setSending(false);
    }
  }
  const again = money && !operatorKey.fresh;
  return (
    <dialog class="act" ref={dialog} onClose={close} aria-labelledby="act-title">
      <h2 id="act-title">{title}</h2>
      {again ? (
        <>
          <p>
            This moves money, and your key was given more than {FRESH_MS / 60_000} minutes ago: give it again.
          </p>
          <GiveKey known={operatorKey.id} given={() => setTurn((turn) => turn + 1)} />
        </>
      ) : (
        <form id="act-form" onSubmit={(event) => void act(event)}>
          {children}
        </form>
      )}
      {hindered && !again && <p class="hint">{hindered}</p>}
      {refused && (
        <p class="failed" role="alert">
          {refused.message} <code>{refused.code}</code>
        </p>
      )}
      <p class="act-end">
        <button type="button" onClick={() => dialog.current?.close()}>
          Leave it
        </button>
        {!again && (
          <button type="submit" form="act-form" class="send" disabled={sending || Boolean(hindered)}>
            {sending ? "Under way…" : word}
          </button>
        )}
      </p>
    </dialog>
  );
}
