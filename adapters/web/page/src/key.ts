// An operator's key, for as long as this page is open: it signs requests and cannot be read back, not even by
// the page itself. It is in no storage, no cookie and no address, so no other page can make use of it.

import { Refused, refusalIn } from "./api";

/** How long a key may lie unused before it is forgotten. */
export const FORGOTTEN_AFTER_MS = 15 * 60_000;

/** How long after it was given a key may move money; then it has to be given again. */
export const FRESH_MS = 10 * 60_000;

const ALGORITHM = { name: "RSA-PSS", hash: "SHA-256" };
const SALT_BYTES = 32;

interface Held {
  id: string;
  signing: CryptoKey;
  strict: boolean;
  givenAt: number;
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const base64 = (data: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(data)));
const hex = (data: ArrayBuffer): string => [...new Uint8Array(data)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Return what a PEM holds. Throws ``Refused`` for what is no private key that a browser can sign with. */
async function read(pem: string): Promise<CryptoKey> {
  if (!globalThis.crypto?.subtle) {
    throw new Refused(0, "insecure_page", "Browsers sign only on pages that come over HTTPS, or from this machine.");
  }
  const [, body] = /-----BEGIN PRIVATE KEY-----([\s\S]+?)-----END PRIVATE KEY-----/.exec(pem) ?? [];
  try {
    const der = Uint8Array.from(atob((body ?? "").replace(/\s/g, "")), (letter) => letter.charCodeAt(0));
    return await crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
  } catch {
    throw new Refused(0, "no_private_key", "This is not a private key in PEM (PKCS #8), as `presage keys create` writes it.");
  }
}

class OperatorKey {
  private held: Held | null = null;
  private aheadMs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly watchers = new Set<() => void>();

  /** The id of the key that signs, or null. */
  get id(): string | null {
    return this.held?.id ?? null;
  }

  /** Whether the key was given a short while ago, as money may only be moved then. */
  get fresh(): boolean {
    return this.held !== null && Date.now() - this.held.givenAt < FRESH_MS;
  }

  /** Take a key, if it is an operator's. Throws ``Refused``. */
  async give(id: string, pem: string): Promise<void> {
    const signing = await read(pem);
    const before = this.held;
    for (const strict of [false, true]) {
      this.held = { id, signing, strict, givenAt: Date.now() };
      try {
        await this.ask("GET", "/admin/v1/alerts");
        this.used();
        this.changed();
        return;
      } catch (fault) {
        this.held = before;
        // A strict key signs more of a request, which is found out by trying.
        if (strict || (fault as Refused).code !== "invalid_signature") throw fault;
      }
    }
  }

  /** Forget the key. */
  forget(): void {
    this.held = null;
    this.changed();
  }

  /** Take note that somebody is there who uses it. */
  used(): void {
    clearTimeout(this.timer);
    if (this.held) this.timer = setTimeout(() => this.forget(), FORGOTTEN_AFTER_MS);
  }

  /** Be told whenever a key is given or forgotten. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Ask the exchange something as the operator; no cookie goes along. Throws ``Refused``. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.send(method, path, body);
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Send a signed request; return an answer that is no refusal, whose body is not read yet. */
  async send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    let response = await this.attempt(method, path, body, signal);
    if (response.ok) return response;
    let refused = refusalIn(await response.text(), response.status);
    const theirs = Date.parse(response.headers.get("date") ?? "");
    if (refused.code === "stale_timestamp" && theirs) {
      this.aheadMs = theirs - Date.now(); // the clock of this machine is wrong, or the other one
      response = await this.attempt(method, path, body, signal);
      if (response.ok) return response;
      refused = refusalIn(await response.text(), response.status);
    }
    if (refused.code === "unknown_key") this.forget();
    throw refused;
  }

  private async attempt(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    const held = this.held;
    if (!held) throw new Refused(401, "no_key", "Give your key first.");
    const sent = body === undefined ? "" : JSON.stringify(body);
    const headers = { "content-type": "application/json", ...(await this.signed(held, method, path, sent)) };
    try {
      return await fetch(path, { method, credentials: "omit", headers, ...(sent ? { body: sent } : {}), ...(signal ? { signal } : {}) });
    } catch (fault) {
      if (signal?.aborted) throw fault;
      throw new Refused(0, "unreachable", "The exchange has not answered. Look what became of it before you try again.");
    }
  }

  private async signed(held: Held, method: string, path: string, sent: string): Promise<Record<string, string>> {
    const timestamp = String(Date.now() + this.aheadMs);
    const [alone = path, query = ""] = path.split("?");
    const digest = held.strict ? hex(await crypto.subtle.digest("SHA-256", bytes(sent))) : "";
    const message = timestamp + method + alone + (held.strict ? `?${query}#${digest}` : "");
    const signature = await crypto.subtle.sign({ name: "RSA-PSS", saltLength: SALT_BYTES }, held.signing, bytes(message));
    return {
      "kalshi-access-key": held.id,
      "kalshi-access-timestamp": timestamp,
      "kalshi-access-signature": base64(signature),
    };
  }

  private changed(): void {
    for (const watcher of this.watchers) watcher();
  }
}

export const operatorKey = new OperatorKey();
