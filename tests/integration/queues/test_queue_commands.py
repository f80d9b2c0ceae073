"""The commands of `presage queue`, on a real Redis."""

from collections.abc import Iterator

import pytest

from adapters.queues.redis import RedisMessageQueue
from application.ports.queue import Priority, QueueMessage
from tests.acceptance.presage_process import Outcome, presage_here
from tests.redis_server import RedisServer, running_redis

NAME = "commands-engine-1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    with running_redis() as running:
        monkeypatch.setenv("REDIS_URL", running.url)
        yield running


@pytest.fixture
async def queue(server: RedisServer) -> "RedisMessageQueue":
    """A queue with an order that waits, a cancel in hand, and two amendments that are dead."""
    queue = RedisMessageQueue(server.url, NAME)
    taker = queue.taker("engine", "a")
    await queue.put([QueueMessage(name, b"\x1b[2Jbad", Priority.AMENDMENT) for name in ("a1", "a2")])
    await taker.fail(await taker.take(most=2, wait_s=0), "cannot be read", final=True)
    await queue.put([QueueMessage("o1", b"{}"), QueueMessage("c1", b"{}", Priority.CANCEL)])
    await taker.take(most=1, wait_s=0)
    await queue.close()
    return queue


def run(*arguments: object) -> Outcome:
    return presage_here("queue", *arguments, "--json")


def held() -> dict[str, int]:
    [listed] = run("list").json["queues"]
    counts: dict[str, int] = listed["held"]
    return counts


def test_queues_are_listed_with_what_they_hold(queue: RedisMessageQueue) -> None:
    assert run("list").json == {
        "queues": [
            {
                "queue": NAME,
                "held": {"cancel": 1, "amendment": 0, "new_order": 1},
                "in_hand": {"engine": 1},
                "dead": 2,
            }
        ]
    }
    shown = presage_here("queue", "list").stdout
    assert NAME in shown
    assert "engine 1" in shown


def test_dead_letters_are_shown_with_the_reason_and_not_obeyed(queue: RedisMessageQueue) -> None:
    first, second = run("dead", NAME).json["dead"]
    assert {name: value for name, value in first.items() if name != "letter"} == {
        "message": "a1",
        "level": "amendment",
        "group": "engine",
        "attempts": 1,
        "why": "cannot be read",
        "body": "\x1b[2Jbad",
    }
    assert second["message"] == "a2"
    assert run("dead", NAME, "--most", 1).json["dead"] == [first]
    shown = presage_here("queue", "dead", NAME).stdout
    assert "cannot be read" in shown
    assert "\x1b[2J" not in shown


def test_dead_letters_are_put_back_by_name_or_all(queue: RedisMessageQueue) -> None:
    letter = run("dead", NAME).json["dead"][0]["letter"]
    assert run("retry", NAME, letter).json == {"retried": 1}
    assert held()["amendment"] == 1
    assert run("retry", NAME, "--all").json == {"retried": 1}
    assert held() == {"cancel": 1, "amendment": 2, "new_order": 1}
    assert run("dead", NAME).json == {"dead": []}


def test_dead_letters_are_dropped(queue: RedisMessageQueue) -> None:
    assert run("discard", NAME, "--all").json == {"discarded": 2}
    assert run("dead", NAME).json == {"dead": []}
    assert held() == {"cancel": 1, "amendment": 0, "new_order": 1}


def test_a_letter_that_is_not_there_has_nothing_done(queue: RedisMessageQueue) -> None:
    letter = run("dead", NAME).json["dead"][0]["letter"]
    refused = run("retry", NAME, letter, "1-1")
    assert (refused.status, refused.json["error"]["code"]) == (1, "no_such_letter")
    assert len(run("dead", NAME).json["dead"]) == 2


@pytest.mark.parametrize("arguments", [(), ("1-1", "--all")])
def test_letters_are_named_or_all_are_meant(queue: RedisMessageQueue, arguments: tuple[str, ...]) -> None:
    assert run("retry", NAME, *arguments).status == 2


def test_a_queue_that_is_not_there_is_named(queue: RedisMessageQueue) -> None:
    refused = run("dead", "other")
    assert (refused.status, refused.json["error"]["code"]) == (1, "no_such_queue")


def test_without_a_redis_it_is_said_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    refused = run("list")
    assert (refused.status, refused.json["error"]["code"]) == (1, "no_redis")
    assert "REDIS_URL" in refused.json["error"]["details"]


def test_a_redis_that_is_away_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:s3cret@127.0.0.1:1/0")
    refused = run("list")
    assert (refused.status, refused.json["error"]["code"]) == (1, "queue_unavailable")
    assert "s3cret" not in str(refused.json)
