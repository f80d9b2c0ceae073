"""The step before every route: each request is counted once, and nothing passes it unexplained."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.answers.problems import Code, Problem
from adapters.http.firewall.firewall import WAF
from adapters.http.firewall.rules import usual_rules
from adapters.http.firewall.screened import Screening
from adapters.http.gate import Gate
from adapters.http.route_classes import RouteClass
from application.health import Health
from application.limiting.limits import Limits
from application.limiting.tiers import Kind, LimitRules
from application.limiting.token_bucket import Rate
from application.watching.traffic import TOGETHER, Traffic

ONE = Rate(per_s=1, burst=1)
STREAM = "/endless"


class _Answers:
    """A route that answers, or does what it is told."""

    route_class = RouteClass.MARKET

    def __init__(self, doing: Callable[[Send], Awaitable[None]] | None = None) -> None:
        self._doing = doing
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        scope["endpoint"] = self
        if self._doing is not None:
            await self._doing(send)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
        await send({"type": "http.response.body", "body": b"{}"})


async def _unknown(_: Send) -> None:
    raise HTTPException(404)


async def _broken(_: Send) -> None:
    raise ZeroDivisionError("oops")


async def _broken_half_way(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ZeroDivisionError("oops")


class World:
    def __init__(self, route: ASGIApp, *, limited: bool = False, screened: bool = False) -> None:
        self.traffic = Traffic(tuple(RouteClass))
        health = Health()
        rules = LimitRules(tiers={"all": dict.fromkeys(Kind, ONE)}, address=ONE)

        async def knows(_: Scope) -> bool:
            return False

        self.gate = Gate(
            route,
            traffic=self.traffic,
            limits=Limits(rules, health) if limited else None,
            screening=Screening(WAF(usual_rules()), health, knows, acts=True) if screened else None,
            unrouted=lambda _scope, _fault: Problem(Code.NOT_FOUND, "nothing is here"),
            endless=frozenset({STREAM}),
        )

    async def ask(self, path: str = "/x", **more: Any) -> tuple[int, dict[bytes, bytes], Any]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"user-agent", b"python-httpx/0.28")],
            "client": ("192.0.2.1", 1),
            "app": Starlette(),
            **more,
        }
        await self.gate(scope, receive, send)
        start, body = sent
        return start["status"], dict(start["headers"]), orjson.loads(body["body"])

    @property
    def counted(self) -> dict[tuple[str, str], int]:
        ended = ((name, end, n) for name, ends in self.traffic.requests.items() for end, n in ends.items())
        return {(name, end): n for name, end, n in ended if n}


async def test_a_request_is_counted_and_timed_once_where_it_belongs() -> None:
    world = World(_Answers(), limited=True, screened=True)
    status, headers, _ = await world.ask()
    assert (status, headers[b"x-own"], headers[b"ratelimit"]) == (200, b"1", b'"address";r=0;t=0')
    assert world.counted == {("market", "2xx"): 1}
    assert world.traffic.latency_s["market"].observations == 1
    assert world.traffic.in_flight == 0


async def test_what_is_refused_is_counted_and_never_reaches_a_route() -> None:
    route = _Answers()
    world = World(route, limited=True, screened=True)
    await world.ask()
    status, headers, told = await world.ask()
    assert (status, told["error"]["code"]) == (429, "rate_limited")
    assert headers[b"ratelimit"].startswith(b'"address";r=0;t=')
    attack = {"query_string": b"q=%27%20or%20%271%27=%271", "client": ("192.0.2.2", 1)}
    status, headers, told = await world.ask(**attack)
    assert (status, told["error"]["code"], route.asked) == (403, "request_blocked", 1)
    assert b"ratelimit" in headers, "it has paid for the attempt"
    assert world.counted == {("market", "2xx"): 1, ("unrouted", "429"): 1, ("unrouted", "4xx"): 1}


async def test_what_no_route_takes_is_answered_in_the_one_shape() -> None:
    world = World(_Answers(_unknown), limited=True)
    status, headers, told = await world.ask()
    assert (status, told["error"]["code"], told["error"]["message"]) == (404, "not_found", "nothing is here")
    assert b"ratelimit" in headers
    assert world.counted == {("market", "4xx"): 1}


async def test_what_nobody_expected_is_answered_in_the_one_shape_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(_Answers(_broken))
    status, _, told = await world.ask()
    assert (status, told["error"]["code"]) == (500, "internal_error")
    assert "oops" not in orjson.dumps(told).decode()
    assert "ZeroDivisionError: oops" in caplog.text
    assert world.counted == {("market", "5xx"): 1}


async def test_an_answer_that_has_begun_is_cut_off_and_counts_as_it_began() -> None:
    world = World(_Answers(_broken_half_way))
    with pytest.raises(ZeroDivisionError):
        await world.ask()
    assert world.traffic.in_flight == 0
    assert world.counted == {("market", "2xx"): 1}


async def test_answers_without_an_end_are_limited_and_looked_at_but_not_timed() -> None:
    world = World(_Answers(), limited=True, screened=True)
    assert (await world.ask(STREAM))[0] == 200
    assert (await world.ask(STREAM))[0] == 429
    assert world.counted == {}
    assert world.traffic.in_flight == 0


async def test_figures_are_right_however_many_were_noted_since_somebody_looked() -> None:
    world = World(_Answers())
    for asked in (1, TOGETHER - 1, TOGETHER + 1):
        before = world.traffic.without_fault().total
        for _ in range(asked):
            await world.ask()
        assert world.traffic.without_fault().total - before == asked
        assert world.traffic.latency_s["market"].observations == before + asked
