"""The commands, against an exchange that nobody serves and against one that runs."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.catalogue import COMMANDS, load
from adapters.data_folder import DataFolder
from tests.acceptance.event_stores import event_store
from tests.acceptance.presage_process import Outcome, presage, presage_here, running_server

Command = Callable[..., Outcome]

WAYS = [("at rest", "sqlite"), ("served", "sqlite")]
if os.environ.get("PRESAGE_SOAK") == "1":
    WAYS += [("at rest", "eventstoredb"), ("served", "eventstoredb")]


@pytest.fixture(scope="module", params=WAYS, ids=", ".join)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An exchange with a market, and alice and bob with money and keys."""
    folder = tmp_path_factory.mktemp("exchange") / "data"
    way, store = request.param
    with event_store(store, tmp_path_factory.mktemp("node")):
        if way == "at rest":
            yield furnished(folder)
        else:
            with running_server(folder):
                yield furnished(folder)


def furnished(folder: Path) -> Path:
    for name in ("alice", "bob"):
        assert presage_here("keys", "create", name, "--data", folder).status == 0
        assert presage_here("deposit", name, "100", "--data", folder).status == 0
    assert presage_here("market", "create", "RAIN", "--title", "Will it rain?", "--data", folder).status == 0
    return folder


@pytest.fixture
def cli(folder: Path) -> Command:
    def run(*arguments: object) -> Outcome:
        return presage_here(*arguments, "--json", "--data", folder)

    return run


def place(cli: Command, account: str, *arguments: object, ticker: str = "RAIN") -> Outcome:
    return cli("order", "place", ticker, "--account", account, *arguments)


def cash(cli: Command, account: str) -> str:
    balance: str = cli("portfolio", "--account", account).json["balance"]["balance_dollars"]
    return balance


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what the exchange does by itself after it has answered."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def position(cli: Command, account: str, ticker: str) -> tuple[str, str]:
    positions = cli("portfolio", "--account", account).json["positions"]
    [held] = [each for each in positions if each["ticker"] == ticker]
    return held["yes_count_fp"], held["no_count_fp"]


def test_two_traders_meet_and_the_market_pays_the_winner(cli: Command) -> None:
    made = cli("market", "create", "SNOW", "--title", "Will it snow?", "--category", "Weather")
    assert made.json["market"]["lifecycle_status"] == "active"
    resting = place(cli, "alice", "--side", "yes", "--count", 10, "--price", "0.60", ticker="SNOW")
    assert resting.json["order"]["status"] == "resting"
    taken = place(cli, "bob", "--side", "no", "--count", "4.50", "--price", "0.40", ticker="SNOW")
    assert (taken.json["order"]["status"], taken.json["order"]["fill_count_fp"]) == ("executed", "4.50")
    shown = cli("market", "show", "SNOW").json
    assert shown["orderbook"]["yes_dollars"] == [["0.6000", "5.50"]]
    assert (position(cli, "alice", "SNOW"), position(cli, "bob", "SNOW")) == (
        ("4.50", "0.00"),
        ("0.00", "4.50"),
    )
    resolved = cli("market", "resolve", "SNOW", "--result", "no", "--evidence", "a clear sky")
    assert resolved.json["market"]["lifecycle_status"] == "finalized"
    assert resolved.json["market"]["lifecycle_result"] == "no"
    eventually(lambda: cash(cli, "bob") == "102.7000")


def test_an_order_is_amended_decreased_listed_and_cancelled(cli: Command) -> None:
    placed = place(cli, "alice", "--side", "no", "--count", 10, "--price", "0.05").json["order"]
    amended = cli("order", "amend", placed["order_id"], "--price", "0.06", "--account", "alice").json
    assert amended["order"]["no_price_dollars"] == "0.0600"
    decreased = cli("order", "decrease", placed["order_id"], "--to", 4, "--account", "alice").json
    assert decreased["order"]["remaining_count_fp"] == "4.00"
    listed = cli("order", "list", "--status", "resting", "--ticker", "RAIN", "--account", "alice").json
    assert [order["order_id"] for order in listed["orders"]] == [placed["order_id"]]
    canceled = cli("order", "cancel", placed["order_id"], "--account", "alice").json
    assert (canceled["order"]["status"], canceled["reduced_by_fp"]) == ("canceled", "4.00")
    assert cli("order", "cancel", "--all", "--account", "alice").json["canceled"] == 0


def test_an_order_sent_twice_under_one_name_counts_once(cli: Command) -> None:
    order = ("--side", "yes", "--count", 1, "--price", "0.02", "--client-id", "mine-1")
    first, second = (place(cli, "bob", *order).json["order"]["order_id"] for _ in range(2))
    assert first == second
    other = place(cli, "bob", "--side", "yes", "--count", 2, "--price", "0.02", "--client-id", "mine-1")
    assert other.json["error"]["code"] == "duplicate_client_order_id"
    assert cli("order", "cancel", "--all", "--ticker", "RAIN", "--account", "bob").json["canceled"] == 1


def test_a_group_resolves_all_its_markets_at_once(cli: Command) -> None:
    assert cli("group", "create", "CUP", "--title", "Who wins?").status == 0
    for ticker in ("CUP-A", "CUP-B"):
        assert cli("market", "create", ticker, "--title", ticker, "--group", "CUP").status == 0
    alone = cli("market", "resolve", "CUP-A", "--result", "yes")
    assert alone.json["error"]["code"] == "group_resolves_its_markets"
    resolved = cli("group", "resolve", "CUP", "--winner", "CUP-B").json
    assert resolved["event"]["winner_ticker"] == "CUP-B"
    assert {market["ticker"]: market["lifecycle_result"] for market in resolved["markets"]} == {
        "CUP-A": "no",
        "CUP-B": "yes",
    }


def test_a_conditional_market_is_called_off_and_everybody_gets_their_money_back(cli: Command) -> None:
    before = [cash(cli, name) for name in ("alice", "bob")]
    cli("market", "create", "PARENT", "--title", "The condition")
    child = cli("market", "create", "CHILD", "--title", "If so", "--if", "PARENT", "--if-result", "yes")
    assert child.json["market"]["condition"]["status"] == "pending"
    place(cli, "alice", "--side", "yes", "--count", 5, "--price", "0.50", ticker="CHILD")
    place(cli, "bob", "--side", "no", "--count", 5, "--price", "0.50", ticker="CHILD")
    assert position(cli, "bob", "CHILD") == ("0.00", "5.00")
    cli("market", "resolve", "PARENT", "--result", "no")
    eventually(lambda: [cash(cli, name) for name in ("alice", "bob")] == before)
    assert cli("market", "show", "CHILD").json["market"]["condition"]["status"] == "failed"


def test_the_life_of_a_market_step_by_step(cli: Command) -> None:
    made = cli("market", "create", "STEPS", "--title", "Steps", "--no-activate").json
    assert made["market"]["lifecycle_status"] == "initialized"
    for command, status in (
        (("activate",), "active"),
        (("pause", "--reason", "news"), "inactive"),
        (("resume",), "active"),
        (("close",), "closed"),
        (("determine", "--result", "yes"), "determined"),
        (("dispute", "--reason", "not so"), "disputed"),
        (("determine", "--result", "no"), "determined"),
        (("finalize",), "finalized"),
    ):
        answer = cli("market", command[0], "STEPS", *command[1:]).json
        assert answer["market"]["lifecycle_status"] == status
    voided = cli("market", "void", "STEPS").json
    assert voided["error"]["code"] == "transition_not_allowed"


def test_money_comes_in_and_goes_out_once_per_reference(cli: Command) -> None:
    for _ in range(2):
        assert cli("deposit", "carol", "20.50", "--reference", "wire 1").status == 0
    assert cli("withdraw", "carol", "5", "--reference", "wire 2").status == 0
    too_much = cli("withdraw", "carol", "16")
    assert too_much.json["error"]["code"] == "insufficient_funds"
    cli("keys", "create", "carol")
    assert cli("portfolio", "--account", "carol").json["balance"]["balance_dollars"] == "15.5000"


def test_a_revoked_key_is_gone(cli: Command, folder: Path) -> None:
    key = cli("keys", "create", "dora", "--scope", "read", "--scope", "trade", "--name", "laptop").json
    assert [each["name"] for each in cli("keys", "list", "dora").json["api_keys"]] == ["laptop"]
    assert cli("keys", "revoke", key["key_id"]).json == {"key_id": key["key_id"], "revoked": True}
    assert not Path(key["private_key_path"]).exists()
    assert DataFolder(folder).key_of("dora") is None
    assert cli("keys", "list", "dora").json["error"]["code"] == "no_key"


def test_a_key_that_may_only_read_cannot_trade(cli: Command) -> None:
    cli("keys", "create", "reader", "--scope", "read")
    assert cli("portfolio", "--account", "reader").status == 0
    refused = place(cli, "reader", "--side", "yes", "--count", 1, "--price", "0.10")
    assert (refused.status, refused.json["error"]["code"]) == (1, "forbidden")


WRONG: dict[str, tuple[tuple[object, ...], str]] = {
    "an unknown market": (("NOWHERE", "--side", "yes", "--count", 1, "--price", "0.5"), "market_not_found"),
    "a price off the grid": (("RAIN", "--side", "yes", "--count", 1, "--price", "0.505"), "price_off_tick"),
    "a price too fine to exist": (
        ("RAIN", "--side", "yes", "--count", 1, "--price", "0.50001"),
        "invalid_field",
    ),
    "a price that is no number": (("RAIN", "--side", "yes", "--count", 1, "--price", "NaN"), "invalid_field"),
    "a price beyond a dollar": (("RAIN", "--side", "yes", "--count", 1, "--price", "1.5"), "invalid_price"),
    "no contracts": (("RAIN", "--side", "yes", "--count", 0, "--price", "0.5"), "invalid_quantity"),
    "fewer than none": (("RAIN", "--side", "yes", "--count", "-1", "--price", "0.5"), "invalid_field"),
    "very many": (("RAIN", "--side", "yes", "--count", 10**20, "--price", "0.5"), "invalid_field"),
    "a side that is none": (("RAIN", "--side", "maybe", "--count", 1, "--price", "0.5"), "invalid_field"),
    "more than one has": (("RAIN", "--side", "yes", "--count", 900, "--price", "0.5"), "insufficient_funds"),
    "what one does not hold": (
        ("RAIN", "--side", "yes", "--action", "sell", "--reduce-only", "--count", 1, "--price", "0.5"),
        "reduce_only",
    ),
    "a limit order without limit": (("RAIN", "--side", "yes", "--count", 1), "invalid_order"),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_order_that_cannot_be_is_refused_with_its_code(cli: Command, what: str) -> None:
    order, code = WRONG[what]
    refused = cli("order", "place", *order, "--account", "alice")
    assert refused.status == 1
    assert refused.json["error"]["code"] == code
    assert refused.json["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("market", "show", "NOWHERE"), "market_not_found"),
        (("market", "create", "RAIN", "--title", "Again?"), "market_exists"),
        (("market", "create", "bad name", "--title", "?"), "invalid_field"),
        (("market", "create", "X", "--title", "?", "--tick", "0.03"), "invalid_price"),
        (("market", "resolve", "RAIN", "--result", "perhaps"), "invalid_field"),
        (("group", "resolve", "NOWHERE", "--winner", "RAIN"), "group_not_found"),
        (("deposit", "alice", "-5"), "usage"),
        (("deposit", "alice", "ten"), "invalid_field"),
        (("keys", "create", "eve", "--scope", "everything"), "invalid_field"),
        (("keys", "create", "spaces are not allowed"), "not_found"),
        (("keys", "revoke", "00000000-0000-0000-0000-000000000000"), "key_not_found"),
        (("keys", "revoke", "../operator"), "key_not_found"),
        (("order", "cancel", "nothing", "--account", "alice"), "order_not_found"),
        (("order", "list", "--account", "nobody"), "no_key"),
        (("order", "list"), "account_needed"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(
    cli: Command, arguments: tuple[object, ...], code: str
) -> None:
    refused = cli(*arguments)
    assert refused.json["error"]["code"] == code
    assert refused.status == (2 if code == "usage" else 1)
    assert set(refused.json["error"]) == {"code", "message", "details", "service"}


def test_people_are_told_in_a_sentence(folder: Path) -> None:
    refused = presage("market", "show", "NOWHERE", "--data", folder)
    assert (refused.status, refused.stdout) == (1, "")
    assert refused.stderr == "Error (market_not_found): there is no market NOWHERE\n"


def test_events_are_shown_by_stream_type_time_and_cause(cli: Command) -> None:
    placed = place(cli, "alice", "--side", "yes", "--count", 1, "--price", "0.01").json
    events = cli("inspect", "market-RAIN").lines
    assert [event["revision"] for event in events] == list(range(len(events)))
    assert events[0]["type"] == "MarketCreated"
    [order] = cli("inspect", "--all", "--type", "OrderPlaced", "--last", 1).lines
    assert order["data"]["order_id"] == placed["order"]["order_id"]

    def saga() -> list[str]:
        return [event["type"] for event in cli("inspect", "--all", "--correlation", belongs_to).lines]

    belongs_to = order["correlation_id"]
    eventually(lambda: saga()[:3] == ["FundsReserved", "OrderPlaced", "OrderConfirmed"])
    since = cli("inspect", "--all", "--since", order["at"]).lines
    assert since[0]["at"] >= order["at"]
    assert cli("inspect", "--all", "--until", "2020-01-01").json["error"]["code"] == "no_events"
    cli("order", "cancel", "--all", "--account", "alice")


def test_a_price_is_asked_for_any_moment(cli: Command) -> None:
    cli("market", "create", "PAST", "--title", "Before?")
    place(cli, "alice", "--side", "yes", "--count", 1, "--price", "0.30", ticker="PAST")
    place(cli, "bob", "--side", "no", "--count", 1, "--price", "0.70", ticker="PAST")
    [trade] = cli("inspect", "market-PAST", "--type", "TradeExecuted").lines
    assert cli("price-at", "PAST", trade["at"]).json["price_dollars"] == "0.3000"
    assert cli("price-at", "PAST", "2020-01-01T00:00:00Z").json["price_dollars"] is None
    assert cli("price-at", "PAST", "4000000000").json["price_ticks"] == 3_000
    assert cli("price-at", "NOWHERE", "4000000000").json["error"]["code"] == "market_not_found"
    assert cli("price-at", "PAST", "once").json["error"]["code"] == "usage"


def test_the_log_is_verified_whether_or_not_it_is_served(cli: Command) -> None:
    checked = cli("verify")
    assert checked.status == 0
    assert set(checked.json) == {"events", "streams", "violations", "state_hash"}
    assert checked.json["violations"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("market",),
        ("market", "create"),
        ("order", "place", "RAIN", "--colour", "red"),
        ("inspect",),
        ("inspect", "market-RAIN", "--all"),
        ("inspect", "--all", "--since", "yesterday"),
        ("inspect", "--all", "--correlation", "x"),
        ("order", "cancel"),
        ("bench", "nothing"),
        ("serve", "--port", "x"),
    ],
)
def test_wrong_usage_has_a_status_of_its_own(arguments: tuple[object, ...], tmp_path: Path) -> None:
    refused = presage_here(*arguments, "--data", tmp_path / "none", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (2, "usage")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("arguments", [("verify",), ("inspect", "--all")])
def test_reading_a_folder_that_is_not_there_makes_none(arguments: tuple[object, ...], tmp_path: Path) -> None:
    refused = presage_here(*arguments, "--data", tmp_path / "none", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "unusable_data")
    assert not (tmp_path / "none").exists()


def test_an_impossible_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESAGE_PORT", "99999999")
    refused = presage_here("market", "list", "--data", tmp_path, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "invalid_setting")
    assert "port" in refused.json["error"]["message"]


WITHOUT_A_FOLDER = {
    "capacity", "chaos", "eventstore-user", "mock", "partitions", "queue", "record", "simulate",
}  # fmt: skip
"""Commands that have nothing to do with a data folder: formulas, sessions, the database of read models."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_data_folder_and_prints_json(name: str) -> None:
    def options(command: Any) -> Iterator[set[str]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield {option for parameter in command.params for option in parameter.opts}
        for each in (inner or {}).values():
            yield from options(each)

    expected = {"--json"} if name in WITHOUT_A_FOLDER else {"--data", "--json"}
    assert all(expected <= each for each in options(load(name)))


def test_help_and_version_are_said_without_loading_the_exchange() -> None:
    for option in ("--help", "--version"):
        assert presage(option).status == 0


def test_a_market_takes_only_prices_of_the_range_it_was_listed_with(cli: Command) -> None:
    made = cli("market", "create", "NARROW", "--title", "?", "--min-price", "0.20", "--max-price", "0.80")
    assert made.status == 0, made
    for price, code in (("0.19", "price_out_of_range"), ("0.81", "price_out_of_range"), ("0.20", None)):
        placed = place(cli, "alice", "--side", "yes", "--count", 1, "--price", price, ticker="NARROW")
        assert placed.json.get("error", {}).get("code") == code
    wrong = cli("market", "create", "NONE", "--title", "?", "--min-price", "0.80", "--max-price", "0.20")
    assert wrong.json["error"]["code"] == "invalid_price"


def test_a_rebuild_that_is_stopped_says_how_to_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("adapters.cli.rebuild._rebuild", stopped)
        done = presage_here("rebuild", "orders", "trades", "--data", folder)
    assert done.status == 130
    going_on = f"presage rebuild orders trades --resume --data {folder}"
    assert f"Stopped; nothing was changed. Go on with: {going_on}" in done.stderr
    assert presage_here(*going_on.split()[1:]).status == 0


def test_read_models_are_rebuilt_while_readers_go_on(cli: Command) -> None:
    before = cli("market", "list").json
    done = cli("rebuild", "--all").lines
    assert done[-1]["swapped"]
    assert done[-1]["message"].startswith(f"Rebuilt {done[-1]['events']:,} of ")
    assert set(done[-1]) == {
        "message", "projections", "events", "events_total", "events_per_s", "left_s", "swapped",
    }  # fmt: skip
    assert cli("market", "list").json == before
    assert cli("rebuild", "weather").json["error"]["code"] == "unknown_projection"


def test_a_log_is_exported_and_imported_and_is_the_same_exchange(
    cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = cli("export", tmp_path / "copy").json
    again = cli("export", tmp_path / "copy")
    assert again.json["error"]["code"] == "transfer_refused"
    state_hash = cli("verify").json["state_hash"]
    tickers = [market["ticker"] for market in cli("market", "list").json["markets"]]

    monkeypatch.setenv("PRESAGE_EVENT_STORE", "sqlite")
    here = tmp_path / "here"
    imported = presage_here("import", tmp_path / "copy", "--data", here, "--json").json
    assert (imported["events"], imported["sha256"]) == (copied["events"], copied["sha256"])
    assert presage_here("verify", "--data", here, "--json").json["state_hash"] == state_hash
    listed = presage_here("market", "list", "--data", here, "--json").json["markets"]
    assert [market["ticker"] for market in listed] == tickers


def test_recorded_flow_is_replayed_and_compared(tmp_path: Path) -> None:
    flow = tmp_path / "flow.ops.csv"
    flow.write_text(
        "seq,ts_ms,op,side,price,size\n"
        "1,1700000000000,add,bid,0.4,100\n"
        "2,1700000000100,add,ask,0.6,50\n"
        "3,1700000000200,take,buy,0.6,20\n"
        "4,1700000000300,cancel,bid,0.4,30\n"
    )
    report = presage_here("replay", flow, "--json").json
    [file] = report["files"]
    assert report["invariants"] == "ok"
    assert report["orders_per_s"] > 0
    assert (file["file"], file["takes"], file["takes_filled"], file["volume"]) == (flow.name, 1, 1, 20)
    assert (file["refused"], file["book_equal"]) == ({}, None)
    kept = tmp_path / "kept"
    assert presage_here("replay", flow, "--data", kept, "--json").status == 0
    assert presage_here("verify", "--data", kept).status == 0


def test_a_file_that_is_no_recording_is_refused_before_anything_is_replayed(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear exchange,\n")
    refused = presage_here("replay", tmp_path / "letter.txt", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "unreadable_recording")
    missing = presage_here("replay", tmp_path / "nothing.csv", "--json")
    assert missing.status == 1


def test_a_strict_key_is_signed_for_as_it_asks_by_choice_or_by_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(*arguments: object) -> Outcome:
        return presage_here(*arguments, "--json", "--data", tmp_path)

    chosen = here("keys", "create", "carol", "--strict").json["key_id"]
    monkeypatch.setenv("PRESAGE_STRICT_KEYS", "true")
    by_setting = here("keys", "create", "dave").json["key_id"]
    for account, key_id in (("carol", chosen), ("dave", by_setting)):
        [key] = [
            each for each in here("keys", "list", account).json["api_keys"] if each["api_key_id"] == key_id
        ]
        assert key["strict"] is True
        refused = here(
            "order", "place", "NONE", "--side", "yes", "--count", 1, "--price", "0.5", "--account", account
        )
        assert refused.json["error"]["code"] == "market_not_found"
        assert here("order", "list", "--status", "resting", "--account", account).json["orders"] == []


def test_a_market_that_moved_on_since_it_was_previewed_is_not_ended(cli: Command) -> None:
    assert cli("market", "create", "SEEN", "--title", "Was it seen?").status == 0

    def seen() -> int:
        version: int = cli("market", "preview", "SEEN").json["market_version"]
        return version

    def refused(version: int, act: str, *more: str) -> None:
        outcome = cli("market", act, "SEEN", *more, "--market-version", version)
        assert (outcome.status, outcome.json["error"]["code"]) == (1, "market_version_changed")

    before = seen()
    assert place(cli, "alice", "--side", "yes", "--count", "1", "--price", "0.40", ticker="SEEN").status == 0
    for act in (("resolve", "--result", "yes"), ("void",)):
        refused(before, *act)
    market = cli("market", "show", "SEEN").json["market"]
    assert (market["lifecycle_status"], market["market_version"]) == ("active", seen())
    assert cli("market", "close", "SEEN").status == 0
    refused(before, "determine", "--result", "yes")
    closed = seen()
    assert (
        cli("market", "determine", "SEEN", "--result", "no", "--market-version", closed).json["market"][
            "lifecycle_status"
        ]
        == "determined"
    )
    refused(closed, "finalize")
    assert (
        cli("market", "finalize", "SEEN", "--market-version", seen()).json["market"]["lifecycle_result"]
        == "no"
    )
