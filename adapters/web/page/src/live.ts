// One socket for the whole page: subscriptions are made again after it was lost, and every listener is told
// when what it shows may be out of date.

export type State = "idle" | "connecting" | "live" | "waiting";

interface Message {
  type: string;
  sid?: number;
  id?: number;
  msg?: Record<string, unknown>;
}

interface Subscription {
  channel: string;
  tickers: readonly string[];
  heard: (type: string, msg: Record<string, unknown>) => void;
  lost: () => void;
  sid: number | null;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

class Live {
  state: State = "idle";
  private socket: WebSocket | null = null;
  private waitMs = FIRST_WAIT_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private nextId = 1;
  private readonly asked = new Map<number, Subscription>();
  private readonly subscriptions = new Set<Subscription>();
  private readonly watchers = new Set<(state: State) => void>();

  /** Hear a channel until the returned function is called. ``lost`` is told when messages were missed. */
  subscribe(channel: string, tickers: readonly string[], heard: Subscription["heard"], lost: () => void): () => void {
    const subscription: Subscription = { channel, tickers, heard, lost, sid: null };
    this.subscriptions.add(subscription);
    if (this.socket === null) this.connect();
    else if (this.socket.readyState === WebSocket.OPEN) this.ask(subscription);
    return () => {
      this.subscriptions.delete(subscription);
      if (subscription.sid !== null) this.send({ cmd: "unsubscribe", params: { sids: [subscription.sid] } });
    };
  }

  /** Be told of the connection's state, now and whenever it changes. */
  watch(watcher: (state: State) => void): () => void {
    this.watchers.add(watcher);
    watcher(this.state);
    return () => this.watchers.delete(watcher);
  }

  /** Connect anew, as who is logged in now. */
  reconnect(): void {
    this.waitMs = FIRST_WAIT_MS;
    this.socket?.close();
    if (this.socket === null) this.connect();
  }

  private connect(): void {
    clearTimeout(this.timer);
    if (this.state === "idle") this.become("connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/trade-api/ws/v2`);
    this.socket = socket;
    socket.onopen = () => {
      this.waitMs = FIRST_WAIT_MS;
      this.become("live");
      for (const subscription of this.subscriptions) this.ask(subscription);
    };
    socket.onmessage = ({ data }) => this.take(JSON.parse(String(data)) as Message);
    socket.onclose = () => this.wait();
  }

  private wait(): void {
    this.socket = null;
    this.asked.clear();
    this.become("waiting");
    for (const subscription of this.subscriptions) {
      subscription.sid = null;
      subscription.lost();
    }
    const jittered = this.waitMs * (0.5 + Math.random());
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
    this.timer = setTimeout(() => this.connect(), jittered);
  }

  private ask(subscription: Subscription): void {
    const id = this.nextId;
    this.asked.set(id, subscription);
    const { channel, tickers } = subscription;
    const params = { channels: [channel], ...(tickers.length ? { market_tickers: tickers } : {}) };
    this.send({ cmd: "subscribe", params });
  }

  private send(command: { cmd: string; params: unknown }): void {
    const id = this.nextId++;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ id, ...command }));
  }

  private take(message: Message): void {
    if (message.type === "subscribed") {
      const subscription = this.asked.get(message.id ?? 0);
      const sid = message.msg?.["sid"];
      if (subscription && typeof sid === "number") this.begun(subscription, sid);
      return;
    }
    for (const subscription of this.subscriptions) {
      if (message.sid !== undefined && subscription.sid === message.sid) {
        subscription.heard(message.type, message.msg ?? {});
      }
    }
  }

  private begun(subscription: Subscription, sid: number): void {
    subscription.sid = sid;
    if (!this.subscriptions.has(subscription)) this.send({ cmd: "unsubscribe", params: { sids: [sid] } });
  }

  private become(state: State): void {
    this.state = state;
    for (const watcher of this.watchers) watcher(state);
  }
}

export const live = new Live();
