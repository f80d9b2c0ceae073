"""What is refused, as large as the server takes it: it costs little, and leaves nothing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from adapters.http.settings import USUAL
from benchmarks._hostile_world import BUSY, World

BASE = "/trade-api/v2"
LARGEST = USUAL.body_bytes_max
LONGEST = 49_000
"""About the longest query that is looked at."""


@dataclass(frozen=True, kw_only=True)
class Nonsense:
    """One request. What is ``signed`` comes from somebody who may send it."""

    method: str = "GET"
    path: str = f"{BASE}/markets"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    signed: bool = False


Made = Callable[[World], Nonsense]


def _query(name: str, value: str) -> Made:
    query = f"{name}={value * (LONGEST // len(value))}"
    return lambda _: Nonsense(query=query)


def _heading(name: str, value: str) -> Made:
    return lambda _: Nonsense(headers={name: value * (20_000 // len(value))})


def _body(begin: bytes, piece: bytes, end: bytes) -> bytes:
    return begin + piece * ((LARGEST - len(begin) - len(end)) // len(piece)) + end


BODIES = {
    "numbers": _body(b'{"ids":[', b"1,", b"1]}"),
    "texts": _body(b'{"ids":[', b'"a",', b'"a"]}'),
    "objects": _body(b'{"orders":[', b'{"a":1},', b"1]}"),
    "lists": _body(b'{"orders":[', b"[],", b"1]}"),
    "names": b"{%s}" % b",".join(b'"%06d":1' % number for number in range(LARGEST // 11)),
    "one name again": _body(b"{", b'"a":1,', b'"a":1}'),
    "a list in a list": _body(b"", b"[", b""),
    "a long text": _body(b'"', b"x", b'"'),
    "escapes": _body(b'"', rb"\u0300\u0316", b'"'),
    "quotes": _body(b'"', rb"\"", b'"'),
    "comments": _body(b'"', b"/* ", b'"'),
    "a long number": _body(b"[", b"9", b"]"),
    "spaces": _body(b"", b" ", b"1"),
    "no text at all": _body(b"", b"\xff", b""),
}

ASKED_FOR = {
    "POST": (f"{BASE}/portfolio/orders", f"{BASE}/portfolio/orders/batched", f"{BASE}/login"),
    "DELETE": (f"{BASE}/portfolio/orders/batched",),
}


def _sent(method: str, path: str, body: bytes) -> Made:
    return lambda _: Nonsense(method=method, path=path, body=body, signed=not path.endswith("login"))


def _every_moment(world: World) -> Nonsense:
    world.number += 1
    return Nonsense(path=f"{BASE}/markets/{BUSY}", query=f"as_of_revision={world.number % 200}")


def _another_name(world: World) -> Nonsense:
    return Nonsense(path=f"{BASE}/markets/{world.fresh('nowhere')}")


def _another_key(world: World) -> Nonsense:
    said = {"KALSHI-ACCESS-TIMESTAMP": "1", "KALSHI-ACCESS-SIGNATURE": "A" * 10_000}
    return Nonsense(
        path=f"{BASE}/portfolio/balance", headers={**said, "KALSHI-ACCESS-KEY": world.fresh("k" * 100)}
    )


def _another_session(world: World) -> Nonsense:
    cookie = "; ".join(f"__Host-presage={world.fresh('s')}" for _ in range(1_000))
    return Nonsense(path=f"{BASE}/portfolio/balance", headers={"cookie": cookie})


def _another_method(world: World) -> Nonsense:
    return Nonsense(method=re.sub(r"\W", "", world.fresh("M")))


NONSENSE: dict[str, Made] = {
    "one status again and again": _query("status", "closed,"),
    "one ticker again and again": _query("tickers", "M-0001,"),
    "a thousand tickers and more": lambda _: Nonsense(
        query="tickers=" + ",".join(f"T{number}" for number in range(LONGEST // 8))
    ),
    "one parameter again and again": lambda _: Nonsense(query="limit=1&" * (LONGEST // 8)),
    "a long number": _query("limit", "9"),
    "a long cursor": _query("cursor", "A"),
    "a long text to search for": lambda _: Nonsense(
        path=f"{BASE}/search/markets", query=f"text={'a%20' * (LONGEST // 4)}"
    ),
    "comments that do not end": _query("cursor", "/*+"),
    "marks upon one letter": _query("cursor", "%CC%80%CC%96"),
    "letters that become eighteen": _query("cursor", "%EF%B7%BA"),
    "encoded twice": _query("cursor", "%2525"),
    "a character of an enormous number": _query("cursor", "%26%23" + "9" * LONGEST),
    "a long path": lambda _: Nonsense(path=f"{BASE}/markets/{'m' * LONGEST}"),
    "a long header": _heading("x-own", "/* "),
    "many cookies": _another_session,
    "a market at every moment": _every_moment,
    "a market that is not": _another_name,
    "a key that is not": _another_key,
    "a method that is not": _another_method,
}
"""By what is wrong with it: heads, which are read before it is known who sends them."""

LARGE_BODIES: dict[str, Made] = {
    f"{method} {path} of {name}": _sent(method, path, body)
    for method, paths in ASKED_FOR.items()
    for path in paths
    for name, body in BODIES.items()
}
"""By where it is sent and what is in it, which is as much as a body may hold."""
