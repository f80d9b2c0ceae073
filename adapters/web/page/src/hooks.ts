// What components share: loading, the live feed, the address, and the reader's own settings.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Refused } from "./api";
import { live, type State } from "./live";
import type { Unit } from "./money";

export interface Loaded<T> {
  data: T | undefined;
  error: Refused | undefined;
  reload: () => void;
}

/** Load something now, again when ``deps`` change, and whenever it is asked for; an old answer stays till then. */
export function useLoaded<T>(load: () => Promise<T>, deps: readonly unknown[]): Loaded<T> {
  const [data, setData] = useState<T>();
  const [error, setError] = useState<Refused>();
  const turn = useRef(0);
  const run = useCallback(async () => {
    const mine = ++turn.current;
    try {
      const found = await load();
      if (mine === turn.current) {
        setData(() => found);
        setError(undefined);
      }
    } catch (fault) {
      if (mine === turn.current) setError(fault instanceof Refused ? fault : new Refused(0, "fault", String(fault)));
    }
  }, deps);
  useEffect(() => {
    void run();
    return () => void turn.current++;
  }, [run]);
  return { data, error, reload: () => void run() };
}

/** Return a function that calls ``act`` once for any number of calls within ``ms``. */
export function useSettled(act: () => void, ms: number): () => void {
  const latest = useRef(act);
  latest.current = act;
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current(), ms);
  }, [ms]);
}

type Heard = (type: string, msg: Record<string, unknown>) => void;

/** Hear a channel while ``on`` holds. ``again`` is called when messages may have been missed. */
export function useFeed(on: boolean, channel: string, tickers: readonly string[], heard: Heard, again: () => void): void {
  const handlers = useRef({ heard, again });
  handlers.current = { heard, again };
  useEffect(() => {
    if (!on) return undefined;
    return live.subscribe(
      channel,
      tickers,
      (type, msg) => handlers.current.heard(type, msg),
      () => handlers.current.again(),
    );
  }, [on, channel, tickers.join()]);
}

/** Return whether the page hears the exchange. */
export function useLiveState(): State {
  const [state, setState] = useState<State>(live.state);
  useEffect(() => live.watch(setState), []);
  return state;
}

export interface Address {
  path: readonly string[];
  query: URLSearchParams;
}

function address(): Address {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

/** Return the address behind the hash, followed as it changes. */
export function useAddress(): Address {
  const [present, setPresent] = useState(address);
  useEffect(() => {
    const follow = (): void => setPresent(address());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return present;
}

/** Return a setting that this browser remembers. */
export function useSetting<T extends string>(name: string, usual: T): [T, (value: T) => void] {
  const key = `presage.${name}`;
  const [value, setValue] = useState<T>(() => (localStorage.getItem(key) as T | null) ?? usual);
  const set = (next: T): void => {
    localStorage.setItem(key, next);
    setValue(next);
  };
  return [value, set];
}

/** Load a part of the page when it is shown for the first time, which is while ``on`` holds. */
export function useModule<T>(load: () => Promise<T>, on = true): T | undefined {
  const [module, setModule] = useState<T>();
  useEffect(() => {
    if (on) void load().then((found) => setModule(() => found));
  }, [on]);
  return module;
}

export type Theme = "system" | "light" | "dark";

/** How the reader wants things shown, and who the reader is. */
export interface Shown {
  unit: Unit;
  theme: Theme;
  account: string | null;
}
