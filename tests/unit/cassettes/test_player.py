"""A recorded session answers the same every time, in the order in which it was recorded."""

from pathlib import Path
from typing import Any

import pytest

from adapters.cassettes.cassette import (
    HIDDEN,
    Cassette,
    Played,
    UnusableSession,
    content_of,
    discreet,
    query_of,
    read_cassette,
)
from adapters.cassettes.player import Player


def played(path: str, answer: Any, *, method: str = "GET", query: str = "", body: Any = None) -> Played:
    return Played(
        method=method,
        path=path,
        query=query_of(query.encode()),
        body=body,
        status=200,
        headers={},
        answer=answer,
    )


def told(player: Player, path: str, *, method: str = "GET", query: str = "", body: Any = None) -> Any:
    found = player.answer(method, path, query_of(query.encode()), body)
    return None if found is None else found[1]


def test_the_same_request_gets_each_answer_in_turn_and_then_the_last() -> None:
    player = Player([played("/balance", 1), played("/markets", 0), played("/balance", 2)])
    assert [told(player, "/balance") for _ in range(4)] == [1, 2, 2, 2]
    assert told(player, "/markets") == 0


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/other", {}),
        ("/markets", {"method": "POST"}),
        ("/markets", {"query": "limit=2&cursor="}),
        ("/markets", {"query": "limit=1", "body": {}}),
    ],
)
def test_what_was_not_asked_has_no_answer(path: str, more: dict[str, Any]) -> None:
    player = Player([played("/markets", 1, query="cursor=&limit=1")])
    assert told(player, path, **more) is None
    assert told(player, "/markets", query="limit=1&cursor=") == 1, "in whatever order"


def test_a_client_gets_its_own_names_back() -> None:
    asked = {"orders": [{"client_order_id": "a", "count": 1}, {"client_order_id": "b", "count": 2}]}
    answer = {"orders": [{"order": {"client_order_id": "a"}}, {"order": {"client_order_id": "b", "x": "ab"}}]}
    player = Player([played("/orders", answer, method="POST", body=asked)])
    sent = {"orders": [{"client_order_id": "y", "count": 1}, {"client_order_id": "z", "count": 2}]}
    assert told(player, "/orders", method="POST", body=sent) == {
        "orders": [{"order": {"client_order_id": "y"}}, {"order": {"client_order_id": "z", "x": "ab"}}]
    }


def test_what_is_to_make_no_difference_makes_none() -> None:
    session = [played("/trades", 1, query="min_ts=100&limit=5")]
    assert told(Player(session), "/trades", query="min_ts=200&limit=5") is None
    assert told(Player(session, ["min_ts"]), "/trades", query="min_ts=200&limit=5") == 1


def test_nothing_secret_is_written_down_and_a_login_is_found_again(tmp_path: Path) -> None:
    login = {"account_id": "ann", "password": "hunter2 hunter2"}
    generated = {"api_key_id": "k", "private_key": "-----BEGIN"}
    file = tmp_path / "session.jsonl"
    with Cassette(file) as cassette:
        cassette.note(played("/login", discreet({"session": "s3cret"}), method="POST", body=discreet(login)))
        cassette.note(played("/keys", discreet([generated])))
    text = file.read_text()
    assert not [secret for secret in ("hunter2", "s3cret", "BEGIN") if secret in text]
    player = Player(read_cassette(file))
    assert told(player, "/login", method="POST", body=login) == {"session": HIDDEN}
    assert told(player, "/keys") == [{"api_key_id": "k", "private_key": HIDDEN}]
    with pytest.raises(FileExistsError):
        Cassette(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is nothing in it"),
        ("{}\n", "line 1"),
        ('{"format": "presage-session-9"}\n', "presage-session-1"),
        ('{"format": "presage-session-1"}\nnonsense\n', "line 2"),
        ('{"format": "presage-session-1"}\n{"method": "GET"}\n', "line 2"),
    ],
)
def test_what_is_no_session_is_refused_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "session.jsonl"
    file.write_text(text)
    with pytest.raises(UnusableSession, match=said):
        read_cassette(file)


def test_a_body_is_what_it_is() -> None:
    assert [content_of(each) for each in (b"", b"{}", b"plain", b"\xff")] == [None, {}, "plain", "\ufffd"]
