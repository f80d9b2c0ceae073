"""Ordinary requests, by a seed: orders as clients send them, reads, searches, and names that look odd."""

import random
from collections.abc import Iterator
from urllib.parse import quote_plus

import orjson

BASE = "/trade-api/v2"
AGENTS = (
    "python-httpx/0.28.1",
    "python-requests/2.32.5",
    "OpenAPI-Generator/3.2.0/python",
    "okhttp/4.12.0",
    "Go-http-client/2.0",
    "curl/8.5.0",
    "axios/1.7.9",
    "node",
    "",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "market-maker (ops@firm.example)",
)
SEARCHES = (
    "rain Vienna",
    "Fed cuts rates in March 2027?",
    "Will the union select a new leader?",
    "drop in unemployment",
    "Who's next: Trump or Harris",
    "O'Brien and O'Neill",
    "table tennis",
    "50% or more",
    "C++ & Rust",
    "alert level",
    "NBA: Lakers vs. Celtics - Game 7",
    "update on the select committee",
    "Scripts, images and onload times",
    "prime minister from where?",
    '"exactly this"',
    "S&P 500 > 6,000",
    "a < b",
    "delete the filibuster",
    "1 or 2 hurricanes",
    "über São Paulo 東京",
    "insert coin",
    "executive order #14",
)
GROUPS = ("FED", "MOON", "CUP", "RAIN", "SELECT", "UNION", "KXHIGHNY", "OSCARS", "DROP", "AND", "OR")


def requests(n: int, seed: int = 28) -> Iterator[tuple[str, str, str, list[tuple[bytes, bytes]], bytes]]:
    """Yield method, path, query, headers and body."""
    rng = random.Random(seed)
    for number in range(n):
        headers = [
            (b"host", b"127.0.0.1:8000"),
            (b"user-agent", rng.choice(AGENTS).encode()),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"gzip, deflate"),
            (b"kalshi-access-key", b"%032x" % rng.getrandbits(128)),
            (b"kalshi-access-timestamp", b"1700000000000"),
            (b"kalshi-access-signature", b"A" * 344),
        ]
        if rng.random() < 0.3:
            headers += [
                (b"referer", b"https://trade.example/markets?tab=open&sort=volume"),
                (b"accept-language", b"de-AT,de;q=0.9,en;q=0.8"),
                (b"sec-ch-ua", b'"Chromium";v="131", "Not_A Brand";v="24"'),
                (b"x-forwarded-for", b"203.0.113.7, 10.0.0.2"),
                (b"traceparent", b"00-%032x-%016x-01" % (rng.getrandbits(128), rng.getrandbits(64))),
            ]
        kind = rng.random()
        if kind < 0.75:
            yield "POST", f"{BASE}/portfolio/orders", "", headers, orjson.dumps(_order(rng))
        elif kind < 0.8:
            batch = {"orders": [_order(rng) for _ in range(rng.randint(1, 5))]}
            yield "POST", f"{BASE}/portfolio/orders/batched", "", headers, orjson.dumps(batch)
        elif kind < 0.88:
            order = f"{rng.getrandbits(128):032x}"
            yield "DELETE", f"{BASE}/portfolio/orders/{order}", "", headers, b""
        elif kind < 0.92:
            query = f"q={quote_plus(SEARCHES[number % len(SEARCHES)])}"
            yield "GET", f"{BASE}/search/markets", query, headers, b""
        else:
            ticker = _ticker(rng)
            query = f"limit={rng.randint(1, 1000)}&cursor=eyJ0IjoxNzAwfQ%3D%3D&tickers={ticker}%2C{ticker}"
            path = f"{BASE}/markets/{ticker}/orderbook" if number % 2 else f"{BASE}/markets"
            yield "GET", path, query, headers, b""


def _ticker(rng: random.Random) -> str:
    end = rng.choice(("T4.5", "YES", "B1.25", "SF"))
    return f"{rng.choice(GROUPS)}-{rng.randint(24, 30)}{rng.choice(('MAR', 'NOV', ''))}-{end}"


def _order(rng: random.Random) -> dict[str, object]:
    side = rng.choice(("yes", "no"))
    order: dict[str, object] = {
        "ticker": _ticker(rng),
        "side": side,
        "action": rng.choice(("buy", "sell")),
        "count": rng.randint(1, 10_000),
    }
    if rng.random() < 0.5:
        order[f"{side}_price"] = rng.randint(1, 99)
    else:
        order[f"{side}_price_dollars"] = f"0.{rng.randint(1, 9999):04}"
    if rng.random() < 0.7:
        alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:+=/"
        order["client_order_id"] = "".join(rng.choices(alphabet, k=rng.randint(1, 64)))
    if rng.random() < 0.3:
        order["time_in_force"] = rng.choice(("fill_or_kill", "good_till_canceled", "immediate_or_cancel"))
    if rng.random() < 0.1:
        order |= {"post_only": True, "expiration_ts": 1_800_000_000, "buy_max_cost": 5_000}
    return order
