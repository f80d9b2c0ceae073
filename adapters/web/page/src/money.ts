// Exact amounts. Prices are whole ticks of $0.0001, counts whole hundredths of a contract, money whole
// millionths of a dollar; all of them stay far below 2^53.

export type Ticks = number;
export type Count = number;
export type Micro = number;

export const DOLLAR_TICKS: Ticks = 10_000;

/** Read "0.4200" as ticks. */
export const ticks = (dollars: string): Ticks => scaled(dollars, 4);

/** Read "16.00" as hundredths of a contract. */
export const count = (fixed: string): Count => scaled(fixed, 2);

/** Read "12.345678" as millionths of a dollar. */
export const micro = (dollars: string): Micro => scaled(dollars, 6);

function scaled(text: string, places: number): number {
  const [, sign = "", whole = "0", part = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim()) ?? [];
  const digits = Number(whole + part.padEnd(places, "0").slice(0, places));
  return sign ? -digits : digits;
}

/** Write ticks as the interface takes them. */
export const toDollars = (price: Ticks): string => (price / DOLLAR_TICKS).toFixed(4);

/** Write a count as the interface takes it. */
export const toFixed = (size: Count): string => (size / 100).toFixed(2);

/** Return what so many contracts cost at a price, in millionths: a tick times a hundredth is one. */
export const cost = (price: Ticks, size: Count): Micro => price * size;

export interface FeeRate {
  quadratic_bps: number;
  flat_ticks: number;
}

export interface FeeSchedule {
  maker: FeeRate;
  taker: FeeRate;
  grain_microdollars: number;
}

/** Return the fee of fills at several prices: worked out exactly, added up, and rounded up once. */
export function fee(rate: FeeRate, grain: Micro, fills: readonly [Ticks, Count][]): Micro {
  let exact = 0n;
  for (const [price, size] of fills) {
    const curve = BigInt(rate.quadratic_bps) * BigInt(price) * BigInt(DOLLAR_TICKS - price);
    exact += (curve + BigInt(rate.flat_ticks) * 100_000_000n) * BigInt(size);
  }
  const unit = 100_000_000n * BigInt(grain);
  return Number((exact + unit - 1n) / unit) * grain;
}

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const signed = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", signDisplay: "exceptZero" });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export const showMoney = (amount: Micro): string => dollars.format(amount / 1e6);
export const showGain = (amount: Micro): string => signed.format(amount / 1e6);
export const showCount = (size: Count): string =>
  size % 100 ? (size / 100).toFixed(2) : (size / 100).toLocaleString("en-US");
export const showVolume = (size: Count): string => short.format(size / 100);

export type Unit = "cents" | "percent";

/** Show a price as cents or as the chance it stands for. */
export function showPrice(price: Ticks | null, unit: Unit): string {
  if (price === null) return "–";
  const places = price % 100 === 0 ? 0 : price % 10 === 0 ? 1 : 2;
  return (price / 100).toFixed(places) + (unit === "cents" ? "¢" : "%");
}
