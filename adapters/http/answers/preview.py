"""How a market might end, as it is told."""

from collections.abc import Mapping

from typing_extensions import TypedDict

from adapters.http.answers.display import contracts
from adapters.http.answers.why import exact_dollars
from domain.identifiers import AccountId
from domain.market.preview import Ending, Preview
from domain.market.state import MarketState


class EndingTold(TypedDict):
    """What an ending would pay in all; ``conserved`` if that is exactly what is there."""

    ending: str
    payout_dollars: str
    collateral_dollars: str
    conserved: bool
    fees_returned_dollars: str
    owed_dollars: str


class AccountTold(TypedDict):
    """What an account holds, and would get in all under each ending; below zero it would owe."""

    account_id: str
    yes_count_fp: str
    no_count_fp: str
    dues_dollars: dict[str, str]


class PreviewAnswer(TypedDict):
    """What each ending of a market would pay, and a page of whom."""

    ticker: str
    market_version: int
    endings: list[EndingTold]
    accounts: list[AccountTold]
    cursor: str


def ending_told(preview: Preview) -> EndingTold:
    """Return what an ending would pay in all."""
    return EndingTold(
        ending=preview.ending.value,
        payout_dollars=exact_dollars(preview.paid),
        collateral_dollars=exact_dollars(preview.collateral),
        conserved=preview.conserved,
        fees_returned_dollars=exact_dollars(preview.fees_returned),
        owed_dollars=exact_dollars(preview.owed),
    )


def account_told(
    account_id: AccountId, state: MarketState, previews: Mapping[Ending, Preview]
) -> AccountTold:
    """Return what an account would get under each ending."""
    position = state.positions.get(account_id)
    dues = {ending: preview.dues.get(account_id) for ending, preview in previews.items()}
    return AccountTold(
        account_id=account_id,
        yes_count_fp=contracts(position.yes if position else 0),
        no_count_fp=contracts(position.no if position else 0),
        dues_dollars={
            ending.value: exact_dollars(due.payout + due.fees_returned if due else 0)
            for ending, due in dues.items()
        },
    )
