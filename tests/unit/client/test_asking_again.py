"""What is asked is asked again when that may help, and means the same however often it arrives."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from presage.client import Exchange, OutcomeUnknown, Refused, Unavailable
from presage.client import exchange as exchange_module
from presage.client.patience import Patience

ORDER = {
    "order_id": "o", "client_order_id": "mine", "ticker": "T", "side": "yes", "action": "buy",
    "status": "resting", "yes_price_dollars": "0.4500", "initial_count_fp": "10.00",
    "fill_count_fp": "0.00", "remaining_count_fp": "10.00",
}  # fmt: skip

Answer = httpx.Response | Exception


def said(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "because"}}, headers=headers)


def placed() -> httpx.Response:
    return httpx.Response(201, json={"order": ORDER})


class Server:
    """Answers as it is told, and notes what was asked and how long the bot waited."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[Any]:
        return [orjson.loads(request.content) for request in self.asked]


Made = Callable[..., tuple[Exchange, Server]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    def make(*answers: Answer) -> tuple[Exchange, Server]:
        server, exchange = Server(*answers), Exchange("http://exchange")
        exchange._http = httpx.AsyncClient(
            base_url="http://exchange", transport=httpx.MockTransport(server.handle)
        )

        async def sleep(seconds: float) -> None:
            server.waits.append(seconds)

        monkeypatch.setattr(
            exchange_module,
            "Patience",
            lambda limit_s: Patience(
                limit_s, sleep=sleep, now_s=lambda: sum(server.waits), chance=lambda: 0.0
            ),
        )
        return exchange, server

    return make


async def test_an_order_whose_answer_was_lost_is_placed_again_under_the_same_name(made: Made) -> None:
    exchange, server = made(httpx.ReadError("gone"), said(503, "outcome_unknown"), placed())
    order = await exchange.place("T", side="yes", count=10, price="0.45")
    assert order.order_id == "o"
    first, *others = server.bodies
    assert others == [first, first]
    assert (first["client_order_id"], first["count_fp"], first["yes_price_dollars"]) == (
        first["client_order_id"] or "a name",
        "10.00",
        "0.4500",
    )


async def test_each_order_has_a_name_of_its_own(made: Made) -> None:
    exchange, server = made(placed())
    for _ in range(2):
        await exchange.place("T", side="no", count=1, price="0.45")
    one, other = server.bodies
    assert one["client_order_id"] != other["client_order_id"]
    assert one["no_price_dollars"] == "0.4500"


@pytest.mark.parametrize("status", [425, 429, 503])
async def test_it_waits_as_long_as_it_is_told(made: Made, status: int) -> None:
    exchange, server = made(said(status, "later", **{"Retry-After": "3"}), placed())
    await exchange.place("T", side="yes", count=1, price="0.45")
    assert server.waits == [3.0]


async def test_a_refusal_is_not_repeated(made: Made) -> None:
    exchange, server = made(said(422, "insufficient_funds"))
    with pytest.raises(Refused, match="insufficient_funds: because") as refused:
        await exchange.place("T", side="yes", count=1, price="0.45")
    assert (refused.value.code, refused.value.status, len(server.asked)) == ("insufficient_funds", 422, 1)


async def test_where_nothing_can_have_been_done_that_is_said(made: Made) -> None:
    for answer in (httpx.ConnectError("nobody"), said(503, "overloaded"), said(429, "rate_limited")):
        exchange, _ = made(answer)
        with pytest.raises(Unavailable):
            await exchange.place("T", side="yes", count=1, price="0.45")


async def test_where_something_may_have_been_done_that_is_said(made: Made) -> None:
    for answer in (
        httpx.ReadTimeout("slow"),
        said(503, "outcome_unknown"),
        said(500, "internal_error"),
        httpx.Response(502, text="<html>a gateway</html>"),
    ):
        exchange, _ = made(answer, said(429, "rate_limited"))
        with pytest.raises(OutcomeUnknown):
            await exchange.place("T", side="yes", count=1, price="0.45")
        with pytest.raises(Unavailable):
            await exchange.market("T")


async def test_canceling_what_has_ended_tells_how_it_ended(made: Made) -> None:
    ended = httpx.Response(200, json={"order": ORDER | {"status": "executed"}})
    exchange, server = made(said(409, "order_not_open"), ended)
    assert (await exchange.cancel("o")).status == "executed"
    assert [request.method for request in server.asked] == ["DELETE", "GET"]


async def test_a_page_that_is_no_exchange_is_told_as_such(made: Made) -> None:
    exchange, _ = made(httpx.Response(404, text="<html>"))
    with pytest.raises(Refused, match="unexpected_answer"):
        await exchange.market("T")
