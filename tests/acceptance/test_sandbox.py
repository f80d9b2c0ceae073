"""A private exchange of another one's log: everything is there but the people, and a bot can trade on it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.bootstrap import Presage, open_presage
from adapters.http.callers.signing import generate_key_pair
from adapters.sandbox import BOT
from adapters.settings import Settings
from application.hosting.letter import BY_ITSELF
from application.requests import Accepted, OrderAccepted, OrderRequest
from application.verification.verify import verify
from domain.fees import fee_rate, fee_schedule
from domain.identifiers import AccountId, Ticker
from domain.identity.aggregate import Scope
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Result, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks
from tests.acceptance.presage_process import Outcome, presage_here

RAIN = Ticker("RAIN")
PEOPLE = ("alice.original@example.com", "robert.original@example.com", "carol-original")
OURS = b"original"
"""It stands in every name that somebody in the exchange has given."""


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Presage]:
    async with open_presage(Settings(data=folder)) as presage:
        await presage.start()
        yield presage


def order(who: str, side: Side, ticks: int, count: int, name: str, **more: Any) -> OrderRequest:
    return OrderRequest(
        account_id=AccountId(who),
        ticker=RAIN,
        side=side,
        action=Action.BUY,
        quantity=Quantity(100 * count),
        price_ticks=Ticks(ticks),
        client_order_id=name,
        **more,
    )


async def lived(folder: Path) -> tuple[str, set[bytes]]:
    """Trade for a while in a folder; return a moment in the middle of it, and every identity in its log."""
    alice, bob, carol = PEOPLE
    async with opened(folder) as presage:
        exchange = presage.exchange
        for number, name in enumerate(PEOPLE):
            await exchange.operations.deposit(AccountId(name), Money(10**9), f"wire original {number}")
            _, pem = generate_key_pair()
            await exchange.keys.create(
                AccountId(name), name=f"original laptop {number}", public_key_pem=pem, scopes=(Scope.READ,)
            )
        await exchange.webhooks.set(AccountId(alice), "original-desk", "https://original.example/x")
        fees = fee_schedule(taker=fee_rate(quadratic_bps=700))
        for ticker in (RAIN, Ticker("OVER")):
            await exchange.operations.create_market(
                CreateMarket(ticker=ticker, title="Will it rain?", fees=fees)
            )
            await exchange.operations.activate(ticker)
        await exchange.operations.resolve(Ticker("OVER"), Result.YES, "as the original said")
        group, _ = await exchange.trading.create_order_group(AccountId(carol), Quantity(10_000))
        lapses_us = int(time.time() + 3_600) * 1_000_000
        for request in (
            order(alice, Side.YES, 4_000, 10, "original-1"),
            order(bob, Side.NO, 6_000, 6, "original-2"),
            order(carol, Side.YES, 3_900, 7, "original-3", order_group_id=group),
            order(
                carol,
                Side.NO,
                5_000,
                7,
                "original-4",
                time_in_force=TimeInForce.GOOD_TILL_DATE,
                expires_at_us=lapses_us,
            ),
        ):
            assert isinstance(await exchange.trading.place(request), OrderAccepted), request
        await exchange.settled()
        moment = f"{time.time():.6f}"
        later = order(bob, Side.YES, 5_000, 1, "original-5")
        assert isinstance(await exchange.trading.place(later), OrderAccepted)
        await exchange.settled()
        assert (await verify(presage.store, presage.codec)).violations == []
        return moment, await identities(presage)


async def identities(presage: Presage) -> set[bytes]:
    """Return everything in the log that is somebody's, as it is written there."""
    found: set[bytes] = set()
    names = (
        "account_id",
        "order_id",
        "client_order_id",
        "order_group_id",
        "key_id",
        "reference",
        "request_digest",
        "key",
        "$causationId",
        "$correlationId",
    )

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                if name in names and isinstance(each, str) and each:
                    found.add(each.encode())
                look(each)

    async for page in presage.store.read_all():
        for event in page.events:
            look(json.loads(event.data))
            look(json.loads(event.metadata))
    # What a stream does by itself is called the same everywhere.
    return found - {b"operator", str(BY_ITSELF).encode()}


def made(source: Path, target: Path, *more: object) -> Outcome:
    return presage_here("sandbox", "--from", source, "--data", target, *more, "--json")


@dataclass(frozen=True)
class Original:
    """An exchange, a moment in the middle of its life, and everything in its log that is somebody's."""

    folder: Path
    moment: str
    names: set[bytes]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("original") / "data"
    return Original(folder, *asyncio.run(lived(folder)))


def test_money_shares_and_orders_are_there_and_nobody_is(original: Original, tmp_path: Path) -> None:
    assert len(original.names) > 30
    target = tmp_path / "sandbox"
    told = made(original.folder, target, "--at", original.moment, "--deposit", 500)
    assert told.status == 0, told.stdout
    assert (told.json["accounts"], told.json["account_id"]) == (3, "bot")
    for file in target.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert OURS not in content, file.name
            assert [name for name in original.names if name in content] == [], file.name
    asyncio.run(played(target))
    again = made(original.folder, target)
    assert again.json["error"]["code"] == "no_sandbox"


async def played(target: Path) -> None:
    """Look at what is there, trade in it, and end it."""
    async with opened(target) as presage:
        state = await presage.exchange.directory.find_market(RAIN)
        assert state is not None
        # What came after the moment has not happened.
        assert (state.trades, len(state.orders)) == (1, 3)
        assert state.book.depth(Side.YES) == [(4_000, 400), (3_900, 700)]
        positions = sorted((each.yes, each.no) for each in state.positions.values())
        assert positions == [(0, 0), (0, 600), (600, 0)]
        [expires_us] = [each.expires_at_us for each in state.orders.values() if each.expires_at_us]
        left_s = expires_us / 1e6 - time.time()
        assert 3_000 < left_s <= 3_660, "the clock goes on from the moment"
        bought = await presage.exchange.trading.place(order(BOT, Side.NO, 6_000, 4, "mine"))
        assert isinstance(bought, OrderAccepted)
        assert bought.order is not None
        assert bought.order.filled == 400
        await presage.exchange.settled()
        ended = await presage.exchange.operations.resolve(RAIN, Result.NO, "")
        assert isinstance(ended, Accepted)
        await presage.exchange.settled()
        assert (await verify(presage.store, presage.codec)).violations == []


def test_of_an_exported_log_too(original: Original, tmp_path: Path) -> None:
    exported = tmp_path / "copy"
    assert presage_here("export", exported, "--data", original.folder, "--json").status == 0
    told = made(exported, tmp_path / "sandbox")
    assert told.status == 0, told.stdout
    assert told.json["accounts"] == 3
    assert presage_here("verify", "--data", tmp_path / "sandbox", "--json").json["violations"] == []


@pytest.mark.parametrize(
    ("there", "more", "code"),
    [
        (True, ["--at", "2999-01-01"], "no_sandbox"),
        (True, ["--at", "2001-01-01"], "no_sandbox"),
        (False, [], "unusable_data"),
    ],
)
def test_there_is_none_of_a_moment_or_a_place_without_an_exchange(
    original: Original, tmp_path: Path, *, there: bool, more: list[str], code: str
) -> None:
    refused = made(original.folder if there else tmp_path / "nowhere", tmp_path / "none", *more)
    assert (refused.status, refused.json["error"]["code"]) == (1, code), refused.stdout
    # Nothing half done is taken for an exchange.
    assert not (tmp_path / "none" / "log.db").exists()
