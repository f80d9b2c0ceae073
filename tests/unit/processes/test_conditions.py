"""Who is told that a parent has ended, and who is not."""

from types import SimpleNamespace

from application.processes.conditions import remind
from domain.identifiers import Ticker
from domain.market.vocabulary import Condition, Result


class Directory:
    """Markets by ticker, and what they were told."""

    def __init__(self, **markets: SimpleNamespace) -> None:
        self._markets = markets
        self.told: list[tuple[str, str, Result]] = []

    async def find_market(self, ticker: str) -> SimpleNamespace | None:
        return self._markets.get(ticker)

    def market(self, ticker: str) -> SimpleNamespace:
        async def ask(command: SimpleNamespace, *, command_id: object, shared: bool) -> None:
            assert shared, "another instance may tell it the same"
            self.told.append((ticker, command.parent, command.parent_result))

        return SimpleNamespace(ask=ask)


def child(
    *, parent: str | None = "P", condition: Condition = Condition.PENDING, ended: bool = False
) -> SimpleNamespace:
    return SimpleNamespace(parent=parent, condition=condition, ended=ended)


def parent(*, result: Result | None = Result.NO, ended: bool = True) -> SimpleNamespace:
    return SimpleNamespace(result=result, ended=ended)


async def test_a_market_that_waits_for_a_parent_that_has_ended_is_told() -> None:
    directory = Directory(
        P=parent(), OPEN=parent(ended=False), RUNNING=parent(result=None), C=child(),
        LATER=child(parent="OPEN"), EARLY=child(parent="RUNNING"),
        ORPHAN=child(parent="NOWHERE"), MET=child(condition=Condition.MET),
        OVER=child(ended=True), FREE=child(parent=None, condition=Condition.NONE),
    )  # fmt: skip
    tickers = ["NOPE", "C", "LATER", "EARLY", "ORPHAN", "MET", "OVER", "FREE"]
    await remind(directory, map(Ticker, tickers))  # type: ignore[arg-type]
    assert directory.told == [("C", "P", Result.NO)]
