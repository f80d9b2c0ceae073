"""Every panel of the screen has data when a real Prometheus watches an exchange under load."""

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from adapters.telemetry.dashboard.picture import screen_picture
from adapters.telemetry.dashboard.rules import rules
from adapters.telemetry.dashboard.screen import SCREEN
from tests.acceptance.http_server import Server, presage_serve
from tests.acceptance.prometheus import Prometheus, eventually, needs_prometheus, prometheus
from tests.unit.http.keys import signed_headers

pytestmark = [pytest.mark.more, needs_prometheus]

ORDERS = "/trade-api/v2/portfolio/orders"
MARKETS = ("FED-CUT", "RAIN", "CUP-AUT")
PICTURE = os.environ.get("PRESAGE_SCREEN")
"""Where the picture of the documents is written, if that is wanted."""


@contextmanager
def load(server: Server) -> Iterator[None]:
    """Trade, look and ask for nonsense over HTTP until the end of the block."""
    traders = [server.open_account(name, dollars=100_000) for name in ("ann", "bob")]
    for ticker in MARKETS:
        server.list_market(ticker)
    done = threading.Event()

    def trade(number: int) -> None:
        key_id, private_key = traders[number % 2]
        with httpx.Client(base_url=server.url, timeout=60) as client:
            turn = number
            while not done.is_set():
                turn += 1
                side = ("yes", "no")[number % 2]
                ticker = MARKETS[turn * turn % len(MARKETS)]
                body = {"ticker": ticker, "side": side, "action": "buy", "count": 1, f"{side}_price": 50}
                headers = signed_headers(key_id, private_key, "POST", ORDERS)
                client.post(ORDERS, json=body, headers=headers)
                client.get(f"/trade-api/v2/markets/{ticker}")
                client.get(f"/trade-api/v2/markets/{ticker}/orderbook")

    threads = [threading.Thread(target=trade, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(60)


def empty(watching: Prometheus) -> list[str]:
    """Return the queries of the screen that give no number at all."""
    return [
        f"{panel.title}: {query.expr}"
        for row in SCREEN
        for panel in row.panels
        for query in panel.queries
        if not any(math.isfinite(value) for value in watching.values(query.expr))
    ]


def test_no_panel_is_empty_and_the_screen_can_be_drawn(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with presage_serve(data) as server, load(server):
        token = (data / "metrics.token").read_text().strip()
        target = server.url.removeprefix("http://")
        begun = time.time()
        with prometheus(tmp_path, target=target, rules=rules(), token=token) as watching:
            missing = ["not asked yet"]

            def all_there() -> bool:
                nonlocal missing
                missing = empty(watching)
                return not missing

            try:
                eventually(all_there, within_s=120)
            except AssertionError:
                pytest.fail(f"no data for {missing}")
            assert watching.values('up{job="presage"}') == [1.0]
            assert watching.values("sum(presage_trades_booked_total{how='once'})")[0] > 0
            if PICTURE:
                eventually(lambda: time.time() - begun > 150, within_s=300)
            drawn = screen_picture(watching.client, start=begun, end=time.time())
    assert drawn.startswith("<svg")
    for row in SCREEN:
        for panel in row.panels:
            assert panel.title.replace("&", "&amp;") in drawn
    assert drawn.count("<polyline") >= sum(len(row.panels) for row in SCREEN)
    if PICTURE:
        Path(PICTURE).write_text(drawn)
