"""The commands that look back: what a market was, why an order ended, a bundle for auditors."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.presage_process import Outcome, presage_here, running_server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("exchange") / "data"
    with running_server(folder):
        for name in ("alice", "bob"):
            presage_here("keys", "create", name, "--data", folder)
            presage_here("deposit", name, "100", "--data", folder)
        presage_here("market", "create", "RAIN", "--title", "Will it rain?", "--data", folder)
        yield folder


def cli(folder: Path, *arguments: object) -> Outcome:
    return presage_here(*arguments, "--json", "--data", folder)


def place(folder: Path, account: str, side: str, price: str) -> dict[str, Any]:
    answer = cli(
        folder, "order", "place", "RAIN", "--account", account, "--side", side, "--count", 5, "--price", price
    )
    assert answer.status == 0, answer.stdout
    order: dict[str, Any] = answer.json["order"]
    return order


@pytest.fixture(scope="module")
def trade(folder: Path) -> dict[str, Any]:
    mine = place(folder, "alice", "yes", "0.40")
    between = time.time()
    place(folder, "bob", "no", "0.60")
    return {"order_id": mine["order_id"], "between": f"{between:.6f}"}


def test_a_market_is_shown_as_it_stood(folder: Path, trade: dict[str, Any]) -> None:
    then = cli(folder, "market", "show", "RAIN", "--as-of", trade["between"]).json
    assert then["orderbook"]["yes_dollars"] == [["0.4000", "5.00"]]
    assert then["market"]["volume"] == 0
    now = cli(folder, "market", "show", "RAIN").json
    assert (now["orderbook"]["yes"], now["market"]["volume"]) == ([], 5)
    never = cli(folder, "market", "show", "RAIN", "--as-of", "2001-01-01")
    assert (never.status, never.json["error"]["code"]) == (1, "not_found")


def test_an_order_is_traced_to_its_command(folder: Path, trade: dict[str, Any]) -> None:
    told = cli(folder, "why", "order", trade["order_id"], "--account", "alice").json
    assert {"funds_reserved", "OrderPlaced", "TradeExecuted"} <= {step["type"] for step in told["chain"]}
    entry = next(step for step in told["chain"] if step["type"] == "funds_reserved")
    again = cli(folder, "why", "entry", entry["revision"], "--account", "alice").json
    assert again["order_id"] == trade["order_id"]
    strange = cli(folder, "why", "order", trade["order_id"], "--account", "bob")
    assert (strange.status, strange.json["error"]["code"]) == (1, "order_not_found")
    shown = presage_here("why", "order", trade["order_id"], "--account", "alice", "--data", folder)
    assert "TradeExecuted" in shown.stdout


def test_a_bundle_is_exported_beside_the_server_and_checked_offline(
    folder: Path, trade: dict[str, Any], tmp_path: Path
) -> None:
    bundle = tmp_path / "rain"
    done = cli(folder, "audit", "export", "RAIN", "--out", bundle).json
    checked = presage_here("audit", "verify", bundle, "--json")
    assert checked.status == 0
    assert checked.json["findings"] == []
    assert checked.json["chain_head"] == done["chain_head"]
    assert presage_here("audit", "verify", bundle, "--head", done["chain_head"]).status == 0
    other = presage_here("audit", "verify", bundle, "--head", "0" * 64, "--json")
    assert (other.status, len(other.json["findings"])) == (1, 1)
    lines = (bundle / "events.jsonl").read_bytes().splitlines(keepends=True)
    (bundle / "events.jsonl").write_bytes(b"".join(lines[:2] + lines[3:]))
    broken = presage_here("audit", "verify", bundle, "--json")
    assert broken.status == 1
    assert broken.json["findings"] == ["events.jsonl line 3: event 2 was taken out; event 3 is here"]
    assert "event 2" in presage_here("audit", "verify", bundle).stdout
    assert json.loads(lines[0])["event"]["type"] == "MarketCreated"


def test_a_bundle_of_nothing_and_a_bundle_of_nowhere_are_refused(folder: Path, tmp_path: Path) -> None:
    nothing = cli(folder, "audit", "export", "NOWHERE", "--out", tmp_path / "nothing")
    nowhere = presage_here("audit", "verify", tmp_path / "nowhere", "--json")
    for refused in (nothing, nowhere):
        assert (refused.status, refused.json["error"]["code"]) == (1, "unusable_bundle")


def test_what_would_have_been_is_asked_of_the_log(folder: Path, trade: dict[str, Any]) -> None:
    told = cli(folder, "what-if", "RAIN", "--at", 2, "--insert", "carol buy 3 yes 0.42").json
    [carols] = told["inserted"]
    assert (carols["account_id"], carols["filled_count_fp"], carols["cost_dollars"]) == (
        "carol",
        "3.00",
        "1.260000",
    )
    without = cli(folder, "what-if", "RAIN", "--as-of", trade["between"], "--remove", trade["order_id"]).json
    assert (without["recorded"]["trade_count"], without["what_if"]["trade_count"]) == (1, 0)
    shown = presage_here("what-if", "RAIN", "--at", 0, "--data", folder)
    assert "every trade is the same" in shown.stdout
    assert "nobody reacts" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["RAIN"], "usage"),
        (["RAIN", "--at", 0, "--as-of", "2030-01-01"], "usage"),
        (["NONE", "--at", 0], "market_not_found"),
        (["RAIN", "--at", 99], "not_found"),
        (["RAIN", "--at", 1, "--insert", "carol buys"], "usage"),
        (["RAIN", "--at", 1, "--insert", "carol buy 1 yes 0.123456"], "invalid_field"),
        (["RAIN", "--at", 1, "--remove", "none-such"], "order_not_found"),
        (["RAIN", "--at", 1, "--changes", "nowhere.json"], "file_error"),
    ],
)
def test_a_question_without_an_answer_has_a_code(
    folder: Path, trade: dict[str, Any], arguments: list[object], code: str
) -> None:
    refused = cli(folder, "what-if", *arguments)
    assert (refused.status, refused.json["error"]["code"]) == (2 if code == "usage" else 1, code)


def test_a_log_is_gone_through_under_other_rules(folder: Path, trade: dict[str, Any], tmp_path: Path) -> None:
    policy, report = tmp_path / "policy.toml", tmp_path / "report.html"
    policy.write_text('name = "Takers pay a cent"\n[fees.taker]\nflat_dollars = "0.01"\n')
    told = cli(folder, "replay", "--policy", policy, "--out", report).json
    fees = [told[name]["fees_dollars"] for name in ("recorded", "under_policy")]
    assert fees == ["0.000000", "0.050000"]
    assert told["accounts"] == [{"account_id": "bob", "gain_dollars": "-0.050000"}]
    assert "<svg" in report.read_text()
    policy.write_text('name = "?"\n[fee]\n')
    assert cli(folder, "replay", "--policy", policy).json["error"]["code"] == "invalid_setting"
    for wrong in (["--policy", policy, "flow.csv"], [], ["flow.csv", "--out", report]):
        assert cli(folder, "replay", *wrong).json["error"]["code"] in ("usage", "invalid_setting")
