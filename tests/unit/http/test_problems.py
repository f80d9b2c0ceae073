"""One table: every reason has a status, every code is unique, and the text can always be sent."""

import asyncio

import orjson
import pytest
from starlette.types import Message

from adapters.http.answers.problems import Code, Problem, status_of
from adapters.http.answers.replies import problem_of, send_problem
from application.hosting.owner import Overloaded
from application.ports.event_store import (
    AppendOutcomeUnknown,
    AppendTooLarge,
    Position,
    StoreUnavailable,
    WrongExpectedRevision,
)
from application.ports.queue import QueueFull, QueueUnavailable
from domain.rejections import Reason, Rejected
from projections.reading.queries import InvalidQuery
from projections.running.store import ReadModelUnavailable


def test_every_reason_and_code_has_a_status_and_no_code_stands_for_two_things() -> None:
    assert {status_of(reason) for reason in Reason} == {404, 409, 422}
    codes = [code.code for code in Code] + [reason.value for reason in Reason]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.MARKET_NOT_FOUND, 404),
        (Reason.ORDER_NOT_FOUND, 404),
        (Reason.DUPLICATE_CLIENT_ORDER_ID, 409),
        (Reason.TRANSITION_NOT_ALLOWED, 409),
        (Reason.INSUFFICIENT_FUNDS, 422),
        (Reason.MARKET_CLOSED, 422),
        (Reason.MARKET_PAUSED, 422),
    ],
)
def test_refusals_have_the_status_of_their_kind(reason: Reason, status: int) -> None:
    problem = Problem.refused(Rejected(reason, "no"))
    assert (problem.status, problem.code, problem.message) == (status, reason.value, "no")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (StoreUnavailable("disk full at /secret"), 503, "store_unavailable"),
        (AppendOutcomeUnknown("timeout"), 503, "outcome_unknown"),
        (WrongExpectedRevision("market-A", expected=1), 503, "store_unavailable"),
        (AppendTooLarge("2 MB"), 503, "store_unavailable"),
        (Overloaded("50,000 commands wait for secret"), 503, "overloaded"),
        (QueueFull("the queue holds 10,000 of at most 10,000 messages"), 503, "overloaded"),
        (QueueUnavailable("redis://secret"), 503, "outcome_unknown"),
        (ReadModelUnavailable("postgres://secret"), 503, "read_model_unavailable"),
        (InvalidQuery("no such cursor"), 400, "invalid_parameter"),
        (RuntimeError("secret"), 500, "internal_error"),
    ],
)
def test_faults_are_told_without_their_insides(fault: Exception, status: int, code: str) -> None:
    problem = problem_of(fault)
    assert (problem.status, problem.code) == (status, code)
    assert "secret" not in orjson.dumps(problem.body()).decode()
    assert (problem.retry_after_s is not None) == (status == 503)


def sent(problem: Problem) -> tuple[int, dict[bytes, bytes], dict[str, object]]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(send_problem(send, problem))
    return messages[0]["status"], dict(messages[0]["headers"]), orjson.loads(messages[1]["body"])


def test_an_error_has_the_shape_all_errors_have() -> None:
    problem = Problem(Code.READ_MODEL_BEHIND, "not yet", details="here", position=Position(7))
    status, headers, body = sent(problem)
    assert status == 503
    assert headers[b"retry-after"] == b"1"
    assert headers[b"x-presage-position"] == b"7"
    told = {"code": "read_model_behind", "message": "not yet", "details": "here", "service": "presage"}
    assert body == {"error": told, **told}


def test_details_that_quote_broken_text_can_be_sent() -> None:
    _, _, body = sent(Problem(Code.UNKNOWN_FIELD, "no", details="\ud800" * 10_000))
    assert body["error"]["details"] == "?" * 300  # type: ignore[index]
