"""The examples of the client run as they stand, as programs beside an exchange."""

import asyncio
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from presage.client import BookMirror, Exchange, Signer
from tests.acceptance.http_server import Server, presage_serve
from tests.acceptance.presage_process import start_server

TICKER = "RAIN"
PATIENCE_S = 120


@contextmanager
def example(name: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", f"presage.examples.{name}", TICKER, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.kill()


def ended(program: subprocess.Popen[str]) -> str:
    said, complained = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0, complained
    return said


def opened(server: Server, account: str) -> Exchange:
    key_id, private_pem = server.open_account(account, dollars=1_000)
    return Exchange(server.url, Signer(key_id, private_pem.encode()))


async def until(exchange: Exchange, condition: Callable[[BookMirror], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async with aclosing(exchange.follow_book(TICKER)) as books:
            async for book in books:
                if condition(book):
                    return


def bids(yes: str | None, no: str | None) -> Callable[[BookMirror], bool]:
    wanted = [None if price is None else Decimal(price) for price in (yes, no)]
    return lambda book: [book.best("yes"), book.best("no")] == wanted


async def test_a_market_maker_earns_its_spread_and_an_analysis_draws_what_was_traded(tmp_path: Path) -> None:
    with presage_serve(tmp_path / "data") as server:
        server.list_market(TICKER)
        key_id, private_pem = server.open_account("maker", dollars=1_000)
        file = tmp_path / "maker.pem"
        file.write_text(private_pem)
        key = ("--url", server.url, "--key-id", key_id, "--private-key", file)
        async with opened(server, "taker") as taker:
            with example("market_maker", *key, "--believes", "0.60", "--fills", 2) as maker:
                await until(taker, bids("0.58", "0.38"))
                await taker.place(TICKER, side="no", count=10, price="0.42")
                await until(taker, bids("0.57", "0.39"))
                await taker.place(TICKER, side="yes", count=10, price="0.61")
                assert ended(maker) == "2 fills, holds 0.00\n"
            await until(taker, bids(None, None))
        async with Exchange(server.url, Signer(key_id, private_pem.encode())) as maker_s:
            assert (await maker_s.balance()).available == Decimal("1000.30"), (
                "0.58 and 0.39 for a dollar, ten times"
            )
            assert [order async for order in maker_s.orders(status="resting")] == []
        with example("analysis", "--url", server.url, "--picture", tmp_path / "trades.svg") as analysis:
            assert ended(analysis).startswith("2 trades: ")
        picture = ET.parse(tmp_path / "trades.svg").getroot()
        line = picture.find("{http://www.w3.org/2000/svg}polyline")
        assert line is not None
        heights = [point.partition(",")[2] for point in line.attrib["points"].split()]
        assert heights == ["126.0", "117.0"], "yes at 0.58 and at 0.61, from the top of 300"


@pytest.mark.more
async def test_a_follower_goes_on_where_it_was_when_the_exchange_is_back(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    running = start_server(data, "--port", str(port))
    try:
        server = Server(running.url, data)
        server.list_market(TICKER)
        async with opened(server, "ann") as ann:
            with example(
                "follower", "--url", server.url, "--changes", 4, "--check-every-s", "0.2"
            ) as follower:
                assert follower.stdout is not None
                assert follower.stdout.readline().endswith("yes None, no None\n")
                await ann.place(TICKER, side="yes", count=1, price="0.40")
                assert follower.stdout.readline().endswith("yes 0.4000, no None\n")
                server.close()
                running.stop()
                running = start_server(data, "--port", str(port))
                await ann.place(TICKER, side="yes", count=1, price="0.41")
                await ann.place(TICKER, side="no", count=1, price="0.55")
                said = ended(follower).splitlines()
        assert [each.partition(": ")[2] for each in said] == ["yes 0.4100, no None", "yes 0.4100, no 0.5500"]
    finally:
        running.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
