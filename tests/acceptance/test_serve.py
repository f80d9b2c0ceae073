"""``presage serve``: opening, being used, closing, and refusing what it cannot use."""

import json
import shutil
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.presage_process import Server, presage, presage_here, running_server, start_server


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("demo") / "data", "--demo") as server:
        yield server


def test_the_ready_line_says_where_it_is_and_which_keys_to_use(demo: Server) -> None:
    assert set(demo.ready) == {"url", "data", "demo_key", "operator_key"}
    for name in ("demo_key", "operator_key"):
        path = Path(demo.ready[name]["private_key_path"])
        assert set(demo.ready[name]) == {"key_id", "private_key_path"}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert httpx.get(f"{demo.url}/readyz").json() == {"status": "ready", "conditions": []}


def test_the_demonstration_has_markets_with_prices_on_both_sides(demo: Server) -> None:
    markets = presage_here("market", "list", "--json", "--data", demo.ready["data"]).json["markets"]
    assert len(markets) == 12
    assert all(market["lifecycle_status"] == "active" for market in markets)
    assert all(0 < market["yes_bid"] < market["yes_ask"] < 100 for market in markets)
    assert [market["ticker"] for market in markets if market["condition"]] == ["JOBS-27JUN-IF-CUT"]


def test_the_house_goes_on_trading(demo: Server) -> None:
    def head() -> int:
        return int(httpx.get(f"{demo.url}/trade-api/v2/exchange/user_data_timestamp").json()["position"])

    before = head()
    for _ in range(100):
        if head() > before:
            return
        signal.sigtimedwait([], 0.2)
    raise AssertionError("nothing happened in twenty seconds")


def test_the_demo_account_trades_with_the_house_at_once(demo: Server) -> None:
    placed = presage(
        "order", "place", "MOON-28", "--side", "yes", "--count", "3", "--price", "0.90", "--tif",
        "immediate_or_cancel", "--data", demo.ready["data"], "--json",
    )  # fmt: skip
    assert placed.status == 0
    assert placed.json["order"]["status"] == "executed"
    portfolio = presage_here("portfolio", "--data", demo.ready["data"], "--json").json
    assert portfolio["account_id"] == "demo"
    assert [(held["ticker"], held["yes_count_fp"]) for held in portfolio["positions"]] == [
        ("MOON-28", "3.00")
    ]


def test_a_second_process_on_the_same_folder_is_refused(demo: Server) -> None:
    refused = presage("serve", "--port", "0", "--json", "--data", demo.ready["data"])
    assert refused.status == 1
    assert refused.json["error"]["code"] == "unusable_data"
    assert "log.db" in refused.json["error"]["message"]
    assert str(demo.process.pid) in refused.json["error"]["message"]


def test_a_taken_port_is_refused_without_touching_who_has_it(demo: Server, tmp_path: Path) -> None:
    port = demo.url.rpartition(":")[2]
    refused = presage_here("serve", "--port", port, "--json", "--data", tmp_path)
    assert (refused.status, refused.json["error"]["code"]) == (1, "address_in_use")


@pytest.mark.usefixtures("on_each_store")
def test_an_exchange_is_the_same_after_it_was_closed_and_opened_again(tmp_path: Path) -> None:
    with running_server(tmp_path, "--demo") as first:
        assert first.stop() == 0
    assert not (tmp_path / "server.json").exists()
    checked = presage_here("verify", "--data", tmp_path, "--json")
    assert (checked.status, checked.json["violations"]) == (0, [])
    with running_server(tmp_path, "--demo") as second:
        assert second.ready["demo_key"] == first.ready["demo_key"]
        assert second.ready["operator_key"] == first.ready["operator_key"]
        listed = presage_here("market", "list", "--json", "--data", tmp_path).json["markets"]
        balance = presage_here("portfolio", "--json", "--data", tmp_path).json["balance"]
    assert len(listed) == 12
    assert balance["balance_dollars"] == "10000.0000"


def test_signals_that_come_while_it_closes_lose_nothing(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    # Two signals may arrive as one; a second one ends it at once.
    assert server.stop(signal.SIGINT, signal.SIGINT) in (0, 4)
    assert presage_here("verify", "--data", tmp_path).status == 0


def damage_header(folder: Path) -> str:
    (folder / "log.db").write_bytes(b"these are not the events you are looking for" * 100)
    return "log.db"


def damage_pages(folder: Path) -> str:
    log = folder / "log.db"
    content = bytearray(log.read_bytes())
    content[4096 * 2 : 4096 * 4] = b"\xff" * (4096 * 2)
    log.write_bytes(content)
    return "log.db"


def lose_log(folder: Path) -> str:
    (folder / "log.db").unlink()
    return "log.db"


def damage_operator(folder: Path) -> str:
    (folder / "operator.json").write_text("{")
    return "operator.json"


def damage_read_model(folder: Path) -> str:
    (folder / "read.db").write_bytes(b"not a database" * 1_000)
    return "read.db"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("closed") / "data"
    assert presage_here("deposit", "alice", "5", "--data", folder).status == 0
    return folder


@pytest.mark.parametrize(
    "damage", [damage_header, damage_pages, lose_log, damage_operator, damage_read_model]
)
def test_a_damaged_folder_is_refused_and_the_file_named(closed: Path, tmp_path: Path, damage: Any) -> None:
    folder = tmp_path / "data"
    shutil.copytree(closed, folder)
    name = damage(folder)
    refused = presage_here("serve", "--port", "0", "--json", "--data", folder)
    assert refused.status == 1
    assert refused.json["error"]["code"].startswith("unusable_")
    assert str(folder / name) in refused.json["error"]["message"]


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("chapter one")
    refused = presage_here("serve", "--port", "0", "--data", tmp_path)
    assert refused.status == 1
    assert "thesis.txt" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_a_crashed_server_left_does_not_mislead_commands(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    server.kill()
    assert json.loads((tmp_path / "server.json").read_text())["url"] == server.url
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert presage_here("market", "list", "--data", tmp_path).status == 0
