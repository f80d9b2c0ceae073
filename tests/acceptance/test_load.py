"""``presage load`` against an exchange of its own, and what it says of loads that cannot be."""

from pathlib import Path

from tests.acceptance.presage_process import presage_here


def test_a_load_finds_each_acknowledged_order_and_writes_its_report(tmp_path: Path) -> None:
    page = tmp_path / "load.html"
    done = presage_here(
        *("load", "--profile", "ordinary", "--scale", "5", "--duration", "2"), "--report", page, "--json"
    )
    told = done.json
    # Whether this machine was fast enough at that moment is not what this test is about.
    assert done.status == (0 if told["held"] else 1 if told["generator"]["kept_up"] else 2)
    assert told["failed"] == 0
    assert told["requests"] == sum(told["statuses"].values()) > 0
    assert told["statuses"]["order 201"] > 0
    assert set(told["latency_ms"]["orders"]) == {"p50", "p90", "p99", "p99.9", "p100"}
    assert told["latency_ms"]["orders"]["p50"] > 0
    verdicts = {each["promise"]: each for each in told["verdicts"]}
    once = verdicts["each acknowledged order is there once"]
    assert once["held"], once
    assert once["found"] == f"{told['statuses']['order 201']} acknowledged, 0 missing, 0 twice"
    assert verdicts["available: 99.95%"]["held"]
    written = page.read_text(encoding="utf-8")
    assert written.count("<svg") == 2
    assert "an ordinary day" in written


def test_a_load_needs_a_running_exchange_where_a_folder_is_named(tmp_path: Path) -> None:
    refused = presage_here("load", "--data", tmp_path, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "no_server")


def test_an_unknown_load_is_refused_with_the_names_of_those_there_are() -> None:
    refused = presage_here("load", "--profile", "eclipse", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (2, "usage")
    assert "election" in refused.json["error"]["message"]
