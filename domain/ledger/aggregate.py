"""The ledger as a decider. It does nothing by itself."""

from domain.decider import Decider
from domain.ledger.commands import LedgerCommand
from domain.ledger.decide import decide
from domain.ledger.events import LedgerEvent
from domain.ledger.evolve import evolve
from domain.ledger.state import LedgerState


def _react(_state: LedgerState, _now_us: int) -> LedgerCommand | None:
    return None


LEDGER: Decider[LedgerState, LedgerCommand, LedgerEvent] = Decider(
    initial=LedgerState, decide=decide, evolve=evolve, react=_react
)
