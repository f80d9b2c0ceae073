"""Nobody is told of too little money while more is on its way."""

from types import SimpleNamespace
from uuid import UUID

import pytest

from application.sagas.funds import Funds
from domain.identifiers import OrderId
from domain.ledger.commands import ReleaseReservation
from domain.rejections import Reason, Rejected

COMMAND = ReleaseReservation(order_id=OrderId("o"))
TAKEN = None
POOR = Rejected(Reason.INSUFFICIENT_FUNDS, "not enough")
MANY = Rejected(Reason.TOO_MANY_OPEN_ORDERS, "one less, please")
PAUSED = Rejected(Reason.MARKET_PAUSED, "paused")


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([TAKEN], ["ledger"]),
        ([PAUSED], ["ledger"]),
        ([POOR, TAKEN], ["ledger", "all is booked", "ledger"]),
        ([MANY, TAKEN], ["ledger", "all is booked", "ledger"]),
        ([POOR, POOR], ["ledger", "all is booked", "ledger"]),
    ],
    ids=str,
)
async def test_only_a_refusal_for_want_of_money_is_asked_again_once_all_is_booked(
    answers: list[Rejected | None], asked: list[str]
) -> None:
    happened: list[str] = []
    left = list(answers)

    async def ask(command: object, *, command_id: UUID, correlation_id: UUID | None) -> SimpleNamespace:
        assert (command, command_id, correlation_id) == (COMMAND, UUID(int=1), UUID(int=2))
        happened.append("ledger")
        return SimpleNamespace(rejected=left.pop(0))

    async def catch_up() -> None:
        happened.append("all is booked")

    funds = Funds(SimpleNamespace(catch_up=catch_up))  # type: ignore[arg-type]
    ledger = SimpleNamespace(ask=ask)
    decision = await funds.ask(ledger, COMMAND, command_id=UUID(int=1), correlation_id=UUID(int=2))  # type: ignore[arg-type]
    assert decision.rejected == answers[-1]
    assert happened == asked
