"""The firewall in front of the exchange: what is refused and how; a fault of its own stops nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.http.firewall.firewall import WAF
from application.health import Trouble
from tests.integration.http.world import BASE, ORDERS, Person, World, a_world, error, in_one_process

ATTACK = "' or '1'='1"
BOT = {"User-Agent": "somebot/1.0"}


async def test_an_attack_is_refused_with_the_rules_that_say_so(world: World) -> None:
    answer = await world.send(None, "GET", f"{BASE}/search/markets", query={"text": ATTACK})
    assert error(answer) == (403, "request_blocked")
    assert answer.json()["error"]["details"] == "sqli-tautology"
    scanner = await world.send(None, "GET", "/healthz", headers={"User-Agent": "sqlmap/1.8"})
    assert error(scanner) == (403, "request_blocked")
    assert error(await world.send(None, "GET", "/wp-login.php")) == (403, "request_blocked")


async def test_an_attack_in_a_body_does_nothing(world: World, market: str, ann: Person) -> None:
    answer = await world.place(ann, client_order_id=ATTACK)
    assert error(answer) == (403, "request_blocked")
    assert (await world.send(ann, "GET", ORDERS)).json()["orders"] == []
    assert (await world.place(ann)).status_code == 201


async def test_who_may_send_nothing_is_refused_before_the_body_is_looked_at(world: World) -> None:
    answer = await world.send(None, "POST", ORDERS, body={"ticker": ATTACK})
    assert error(answer) == (401, "not_authenticated")


async def test_programs_are_served_when_they_sign_and_only_then(
    world: World, ann: Person, bob: Person
) -> None:
    path = f"{BASE}/markets"
    challenged = await world.send(None, "GET", path, headers=BOT)
    assert error(challenged) == (401, "signature_required")
    assert challenged.json()["error"]["details"] == "bot-agent"
    assert (await world.send(ann, "GET", path, headers=BOT)).status_code == 200
    forged = Person(account_id=ann.account_id, key_id=ann.key_id, private_pem=bob.private_pem)
    assert error(await world.send(forged, "GET", path, headers=BOT)) == (401, "signature_required")
    strict = await world.person("eve", strict=True)
    assert (await world.send(strict, "GET", path, query={"limit": 1}, headers=BOT)).status_code == 200


async def test_passwords_may_look_like_anything(world: World) -> None:
    login = {"account_id": "ann", "password": ATTACK}
    answer = await world.send(None, "POST", f"{BASE}/login", body=login)
    assert error(answer) == (401, "wrong_password")


@in_one_process
async def test_a_fault_of_the_firewall_stops_nothing_and_is_told(
    world: World, market: str, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("oops")

    with monkeypatch.context() as patched:
        patched.setattr(WAF, "head", broken)
        patched.setattr(WAF, "body", broken)
        assert (await world.place(ann)).status_code == 201
        [condition] = world.presage.exchange.health.conditions
        assert (condition.part, condition.code) == ("firewall", Trouble.GUARD_FAILS_OPEN)
        assert condition.message == "bodies of requests are not looked at: ZeroDivisionError: oops"
        assert (await world.client.get("/readyz")).json()["status"] == "degraded"
    assert (await world.place(ann)).status_code == 201
    assert (await world.client.get("/readyz")).json()["status"] == "ready"


@in_one_process
async def test_a_fault_with_bodies_is_told_until_a_body_is_looked_at_again(
    world: World, market: str, ann: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("oops")

    with monkeypatch.context() as patched:
        patched.setattr(WAF, "body", broken)
        for _ in range(3):
            assert (await world.place(ann)).status_code == 201
            assert (await world.client.get("/readyz")).json()["status"] == "degraded", "heads are well"
    assert caplog.text.count("a request could not be looked at") == 1
    assert (await world.place(ann)).status_code == 201
    assert (await world.client.get("/readyz")).json()["status"] == "ready"


async def test_what_was_found_is_logged_within_bounds_and_measured(
    world: World, operator: Person, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(60):
        await world.send(None, "GET", f"{BASE}/search/markets", query={"text": ATTACK})
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("screened")]
    assert lines[0] == ("block: GET '/trade-api/v2/search/markets' from 127.0.0.1: sqli-tautology (score 5)")
    assert len(lines) < 60, "ten a second"
    text = (await world.send(operator, "GET", "/metrics")).text
    assert 'presage_firewall_hits_total{rule="sqli-tautology"} 60.0' in text
    assert 'presage_firewall_verdicts_total{verdict="block"} 60.0' in text


@pytest.fixture
async def telling(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path / "telling", firewall="log") as opened:
        yield opened


async def test_a_firewall_that_only_tells_refuses_nothing(telling: World) -> None:
    answer = await telling.send(None, "GET", f"{BASE}/search/markets", query={"text": ATTACK})
    assert answer.status_code == 200
    screen = telling.presage.settings.firewall
    assert screen == "log"


async def test_without_a_firewall_nothing_is_looked_at(tmp_path: Path) -> None:
    async with a_world(tmp_path, firewall="off") as world:
        answer = await world.send(None, "GET", f"{BASE}/search/markets", query={"text": ATTACK})
        assert answer.status_code == 200
