"""What readers wait for: answers over HTTP beside a bare route, and portfolios among very many fills."""

import asyncio
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from adapters.clock import SystemClock
from adapters.read_models.opening import open_store
from adapters.read_models.queries.answers import SqlAnswers
from benchmarks._generated import ENDED, HELD, LISTED, RESTING, TRADED, TRADERS, fill, trader
from benchmarks._http_server import READERS, ROUNDS, beside_bare_route, idle, presage, server
from benchmarks._postgres import empty_database
from benchmarks._trading import percentile
from domain.identifiers import AccountId
from projections.reading.views import LeaderboardPeriod

REQUESTS = 50_000
QUESTIONS = 2_000
WARM_UP = 200
TOP = 100
ORDERS_IN_THE_BOOK = 60
SEED = 11

Question = Callable[[SqlAnswers, AccountId], Awaitable[object]]

QUESTIONS_ASKED: Mapping[str, Question] = {
    "portfolio": lambda answers, account: answers.portfolio.get_portfolio(account),
    "balance": lambda answers, account: answers.portfolio.balance(account),
    "latest 100 fills": lambda answers, account: answers.portfolio.fills(account, limit=100),
    "leaderboard of all time": lambda answers, _: answers.leaderboard.get_top(TOP),
    "leaderboard of the day": lambda answers, _: answers.leaderboard.get_top(TOP, LeaderboardPeriod.DAY),
}


def run(n: int = 10_000_000) -> dict[str, Any]:
    """Measure routes, then questions among a tenth of ``n`` fills and among ``n``."""
    rates = asyncio.run(_routes())
    asked = asyncio.run(_questions(n))
    return {
        "bench": "reads",
        "n": n,
        "conditions": {
            "requests": REQUESTS,
            "readers": READERS,
            "rounds": ROUNDS,
            "traders": TRADERS,
            "markets": LISTED,
            "each_trader": f"{TRADED} positions, {HELD} held; {RESTING} open orders, {ENDED} ended ones",
            "questions": f"{QUESTIONS} of each kind, one at a time, about traders at random",
            "sqlite": sqlite3.sqlite_version,
            "cores": os.cpu_count(),
        },
        "ours": {
            "requests_per_s": {name: round(ours) for name, (ours, _) in rates.items()},
            f"among {n:,} fills": asked["all"],
            f"among {n // 10:,} fills": asked["tenth"],
        },
        "peers": {
            "bare Starlette route, same bytes": {name: round(bare) for name, (_, bare) in rates.items()}
        },
        "ratios": {f"{name} / bare route": round(ours / bare, 2) for name, (ours, bare) in rates.items()},
    }


# ---------------------------------------------------------------------------------------------- routes


async def _routes() -> dict[str, tuple[float, float]]:
    markets = "/trade-api/v2/markets"
    with tempfile.TemporaryDirectory() as name, server(Path(name)) as url:
        _trade(Path(name))
        await idle(url)
        return {
            "book": await beside_bare_route(url, f"{markets}/RAIN/orderbook", REQUESTS),
            "market": await beside_bare_route(url, f"{markets}/RAIN", REQUESTS),
            "trades": await beside_bare_route(url, f"{markets}/trades?ticker=RAIN", REQUESTS),
        }


def _trade(folder: Path) -> None:
    """Make a market with a book and some trades."""
    presage(folder, "market", "create", "RAIN", "--title", "Will it rain?")
    for account in ("ann", "bob"):
        presage(folder, "keys", "create", account)
        presage(folder, "deposit", account, "100000")
    chance = random.Random(SEED)
    for number in range(ORDERS_IN_THE_BOOK):
        side, account = (("yes", "ann"), ("no", "bob"))[number % 2]
        terms = [
            "--side",
            side,
            "--count",
            str(chance.randint(1, 50)),
            "--price",
            f"0.{chance.randint(40, 55)}",
        ]
        presage(folder, "order", "place", "RAIN", *terms, "--account", account)


# ------------------------------------------------------------------------------------------- questions


async def _questions(n: int) -> dict[str, dict[str, dict[str, float]]]:
    asked: dict[str, dict[str, dict[str, float]]] = {}
    for name, fills in (("tenth", n // 10), ("all", n)):
        with tempfile.TemporaryDirectory() as folder, empty_database(Path(folder) / "server") as address:
            asked[name] = {
                "SQLite": await _asked(Path(folder) / "read.db", fills),
                "PostgreSQL": await _asked(address, fills),
            }
    return asked


async def _asked(database: Path | str, fills: int) -> dict[str, float]:
    async with open_store(database, SystemClock()) as (_, answers):
        fill(database, fills)
        measured: dict[str, float] = {}
        for name, question in QUESTIONS_ASKED.items():
            took_ms = await _took_ms(answers, question)
            measured[f"{name} ms p50"] = round(percentile(took_ms, 0.5), 2)
            measured[f"{name} ms p99"] = round(percentile(took_ms, 0.99), 2)
        return measured


async def _took_ms(answers: SqlAnswers, question: Question) -> list[float]:
    chance = random.Random(SEED)
    took_ms: list[float] = []
    for _ in range(WARM_UP + QUESTIONS):
        account = trader(chance.randrange(TRADERS))
        began = time.perf_counter()
        await question(answers, account)
        took_ms.append((time.perf_counter() - began) * 1_000)
    return took_ms[WARM_UP:]
