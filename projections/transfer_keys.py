"""Every reference of a deposit or withdrawal that was ever used, so that it counts once for ever."""

from dataclasses import dataclass
from typing import ClassVar

from application.events import Recorded
from domain.identifiers import AccountId
from domain.ledger.events import FeesWithdrawn, FundsDeposited, FundsWithdrawn
from domain.ledger.state import HOUSE, reference_key
from projections.running.projection import Projection
from projections.running.rows import Rows
from projections.running.table import Table


@dataclass(slots=True)
class TransferKeyRow:
    """A reference with the account it is of, and what it moved: below zero for money that went out."""

    reference_key: str
    amount: int


TRANSFER_KEYS = Table("transfer_keys", TransferKeyRow, key=("reference_key",))


class TransferKeysProjection(Projection):
    """Notes the reference of each transfer."""

    name: ClassVar[str] = "transfer_keys"
    version: ClassVar[int] = 1
    halts: ClassVar[bool] = True

    def __init__(self) -> None:
        self._keys = Rows(TRANSFER_KEYS, kept=2_000)
        super().__init__(
            parts=(self._keys,),
            handlers={
                FundsDeposited: self._deposited,
                FundsWithdrawn: self._withdrawn,
                FeesWithdrawn: self._fees_withdrawn,
            },
            wants={},
        )

    def _deposited(self, recorded: Recorded[FundsDeposited]) -> None:
        event = recorded.event
        self._note(event.account_id, event.reference, event.amount)

    def _withdrawn(self, recorded: Recorded[FundsWithdrawn]) -> None:
        event = recorded.event
        self._note(event.account_id, event.reference, -event.amount)

    def _fees_withdrawn(self, recorded: Recorded[FeesWithdrawn]) -> None:
        self._note(HOUSE, recorded.event.reference, -recorded.event.amount)

    def _note(self, account_id: AccountId, reference: str, amount: int) -> None:
        self._keys.put(TransferKeyRow(reference_key(account_id, reference), amount))
