"""Commands, decisions and errors are on the other side what they were on this one."""

from uuid import UUID

import pytest
from msgspec import Raw

from adapters.engine_lines.messages import at_engine, at_worker, from_engine, to_engine
from application.cluster.wire import (
    Ask,
    Fault,
    Named,
    NotUnderstood,
    OwnerFailed,
    Reply,
    command_in,
    command_out,
    decision_of,
    error_of,
    fault_of,
    reply_of,
)
from application.hosting.decision import Decision
from application.hosting.owner import Overloaded
from application.ports.event_store import AppendOutcomeUnknown, Position, StoreUnavailable
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger.commands import BookMarketEvents, LedgerCommand, MarketEntry, ReserveFunds
from domain.ledger.events import FundsReserved
from domain.market.commands import ActivateMarket, CancelOrder, MarketCommand
from domain.market.events import MarketActivated, MarketPaused
from domain.messages import Message
from domain.quantities import Money
from domain.rejections import Reason, Rejected
from tests.unit.domain.trading_words import ANN, TICKER, buy, listing

ID = UUID(int=1)
LEDGER = "ledger-00"


def question(stream: str, command: Message, *, timed: bool = False) -> Ask:
    return Ask(
        stream=stream,
        command_id=ID,
        correlation_id=UUID(int=2),
        command=command_out(command),
        timed=timed,
        shared=False,
    )


def sent(asked: Ask) -> Ask:
    [(number, arrived)] = at_engine(to_engine([(7, asked)]))
    assert number == 7
    assert isinstance(arrived, Ask)
    return arrived


@pytest.mark.parametrize(
    "command", [listing(), buy("o1", ANN, 3, 40), CancelOrder(account_id=ANN, order_id=OrderId("o1"))]
)
def test_a_command_for_a_market_arrives_as_it_was(command: MarketCommand) -> None:
    assert command_in(sent(question(f"market-{TICKER}", command))) == command


@pytest.mark.parametrize(
    "command",
    [
        ReserveFunds(
            order_id=OrderId("o1"),
            account_id=AccountId("ann"),
            ticker=Ticker("M"),
            amount=Money(5),
            request_digest="d",
        ),
        BookMarketEvents(
            ticker=Ticker("M"),
            entries=(
                MarketEntry(revision=3, event=MarketActivated(), accounts=frozenset({AccountId("ann")})),
                MarketEntry(revision=4, event=MarketPaused(reason="why"), accounts=frozenset()),
            ),
        ),
    ],
)
def test_a_command_for_a_ledger_arrives_as_it_was(command: LedgerCommand) -> None:
    assert command_in(sent(question(LEDGER, command))) == command


def test_a_timed_command_is_given_the_time_of_its_decision() -> None:
    command = command_in(sent(question("market-M", ActivateMarket(now_us=0), timed=True)))
    assert callable(command)
    assert command(99) == ActivateMarket(now_us=99)


@pytest.mark.parametrize(
    "asked",
    [
        question(LEDGER, CancelOrder(account_id=ANN, order_id=OrderId("o1"))),
        question("market-M", BookMarketEvents(ticker=Ticker("M"), entries=())),
        question("nothing-00", ActivateMarket()),
        question("nothing", ActivateMarket()),
        question("market-M", CancelOrder(account_id=ANN, order_id=OrderId("o1")), timed=True),
    ],
)
def test_a_command_that_is_not_for_its_stream_is_not_understood(asked: Ask) -> None:
    with pytest.raises(NotUnderstood):
        command_in(sent(asked))


def test_a_command_of_another_version_is_not_understood() -> None:
    asked = Ask(
        stream="market-M",
        command_id=ID,
        correlation_id=ID,
        command=Named(kind="CancelOrder", body=Raw(b"\x81\xa3new\x01")),
        timed=False,
        shared=False,
    )
    with pytest.raises(NotUnderstood, match="new"):
        command_in(sent(asked))


def test_a_decision_arrives_as_it_was() -> None:
    decision = Decision(
        events=[
            FundsReserved(
                order_id=OrderId("o1"),
                account_id=AccountId("ann"),
                ticker=Ticker("M"),
                amount=Money(2**62),
                order_group_id=None,
                request_digest="d",
            )
        ],
        position=Position(12),
        at_us=34,
        rejected=Rejected(Reason.INSUFFICIENT_FUNDS, "too little"),
    )
    [(number, reply)] = at_worker(from_engine([(7, reply_of(decision))]))
    assert number == 7
    assert isinstance(reply, Reply)
    assert decision_of(reply) == decision


@pytest.mark.parametrize("error", [Overloaded("a"), AppendOutcomeUnknown("b"), StoreUnavailable("c")])
def test_an_error_arrives_as_it_was(error: Exception) -> None:
    [(_, fault)] = at_worker(from_engine([(7, fault_of(error))]))
    assert isinstance(fault, Fault)
    arrived = error_of(fault)
    assert (type(arrived), str(arrived)) == (type(error), str(error))


def test_a_fault_arrives_with_what_it_says() -> None:
    arrived = error_of(fault_of(ZeroDivisionError("by zero")))
    assert isinstance(arrived, OwnerFailed)
    assert str(arrived) == "ZeroDivisionError: by zero"
