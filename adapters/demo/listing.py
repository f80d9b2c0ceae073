"""Lists the markets of the demonstration and gives its accounts money; doing it again changes nothing."""

from adapters.demo.questions import GROUPS, QUESTIONS, Question
from application.exchange import Exchange
from application.requests import Answer, Requirement
from domain.identifiers import AccountId
from domain.market.vocabulary import MarketStatus
from domain.quantities import DOLLAR, Money
from domain.rejections import Rejected

TRADER = AccountId("demo")
"""The account that whoever tries the demonstration trades with."""

TRADERS_MONEY = Money(10_000 * DOLLAR)
REFERENCE = "demo"


async def list_everything(exchange: Exchange) -> None:
    """List what is not listed yet, and see to it that the trader has money."""
    for group in GROUPS:
        if await exchange.directory.present_group(group.group_id) is None:
            _check(await exchange.operations.create_group(group))
    for question in QUESTIONS:
        await _list(exchange, question)
    await fund(exchange, TRADER, TRADERS_MONEY)


async def fund(exchange: Exchange, account_id: AccountId, amount: Money) -> None:
    """Give an account its money, once."""
    _check(await exchange.operations.deposit(account_id, amount, REFERENCE))


async def _list(exchange: Exchange, question: Question) -> None:
    """Bring a market to where it can be traded, from wherever an interrupted start left it."""
    market = await exchange.directory.find_market(question.ticker)
    if market is None:
        condition = None
        if question.parent is not None:
            condition = Requirement(parent=question.parent, required=question.required)
        _check(
            await exchange.operations.create_market(question.listing(), condition=condition, activate=True)
        )
        return
    # An older version listed, linked and opened in three steps, and may have been interrupted.
    if market.status is not MarketStatus.INITIALIZED:
        return
    if question.parent is not None and market.parent is None:
        _check(await exchange.operations.link_condition(question.ticker, question.parent, question.required))
    _check(await exchange.operations.activate(question.ticker))


def _check(answer: Answer) -> None:
    if isinstance(answer, Rejected):
        raise RuntimeError(f"the demonstration cannot be set up: {answer.message}")  # noqa: TRY004 (a refusal)
