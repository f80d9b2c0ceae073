"""The markets of the demonstration, and how likely the house takes each to be at first."""

from dataclasses import dataclass

from domain.fees import fee_rate, fee_schedule
from domain.group.commands import CreateGroup
from domain.identifiers import GroupId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Result

FEES = fee_schedule(taker=fee_rate(quadratic_bps=700))
"""Takers pay 0.07 x p x (1 - p) per contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A market to list, in a group or on a condition if it has one. ``fair_ticks`` is what yes is worth."""

    ticker: Ticker
    title: str
    rules: str
    category: str
    fair_ticks: int
    group_id: GroupId | None = None
    parent: Ticker | None = None
    required: Result = Result.YES

    def listing(self) -> CreateMarket:
        """Return the command that lists it."""
        return CreateMarket(
            ticker=self.ticker,
            title=self.title,
            rules=self.rules,
            category=self.category,
            group_id=self.group_id,
            fees=FEES,
        )


_FED = GroupId("FED-27MAR")
_RUGBY = GroupId("RUGBY-27")

GROUPS = (
    CreateGroup(
        group_id=_FED,
        title="What will the Federal Reserve do with its policy rate in March 2027?",
        category="Economics",
        series="FED",
    ),
    CreateGroup(
        group_id=_RUGBY,
        title="Which country will win the 2027 Rugby World Cup?",
        category="Sports",
        series="RUGBY",
    ),
)

_FED_RULES = "Decided by the target range that the committee announces at the end of its March 2027 meeting."
_RUGBY_RULES = "Decided by the winner of the final in Sydney."

QUESTIONS = (
    Question(
        ticker=Ticker("FED-27MAR-CUT"),
        title="The Fed lowers its rate in March 2027",
        rules=_FED_RULES,
        category="Economics",
        fair_ticks=3_800,
        group_id=_FED,
    ),
    Question(
        ticker=Ticker("FED-27MAR-HOLD"),
        title="The Fed leaves its rate as it is in March 2027",
        rules=_FED_RULES,
        category="Economics",
        fair_ticks=5_500,
        group_id=_FED,
    ),
    Question(
        ticker=Ticker("FED-27MAR-RAISE"),
        title="The Fed raises its rate in March 2027",
        rules=_FED_RULES,
        category="Economics",
        fair_ticks=700,
        group_id=_FED,
    ),
    Question(
        ticker=Ticker("RUGBY-27-RSA"),
        title="South Africa wins the 2027 Rugby World Cup",
        rules=_RUGBY_RULES,
        category="Sports",
        fair_ticks=2_900,
        group_id=_RUGBY,
    ),
    Question(
        ticker=Ticker("RUGBY-27-NZL"),
        title="New Zealand wins the 2027 Rugby World Cup",
        rules=_RUGBY_RULES,
        category="Sports",
        fair_ticks=2_300,
        group_id=_RUGBY,
    ),
    Question(
        ticker=Ticker("RUGBY-27-FRA"),
        title="France wins the 2027 Rugby World Cup",
        rules=_RUGBY_RULES,
        category="Sports",
        fair_ticks=1_900,
        group_id=_RUGBY,
    ),
    Question(
        ticker=Ticker("RUGBY-27-OTHER"),
        title="Another country wins the 2027 Rugby World Cup",
        rules=_RUGBY_RULES,
        category="Sports",
        fair_ticks=2_900,
        group_id=_RUGBY,
    ),
    Question(
        ticker=Ticker("WARMEST-27"),
        title="Will 2027 be the warmest year on record?",
        rules="Decided by the global mean temperature that Copernicus publishes in January 2028.",
        category="Climate",
        fair_ticks=4_400,
    ),
    Question(
        ticker=Ticker("MOON-28"),
        title="Will people land on the Moon before the end of 2028?",
        rules="Yes if a crewed spacecraft touches down on the Moon's surface by 31 December 2028, UTC.",
        category="Space",
        fair_ticks=2_100,
    ),
    Question(
        ticker=Ticker("FUSION-30"),
        title="Will a fusion plant feed a public grid before the end of 2030?",
        rules="Yes if a grid operator confirms a net delivery of at least one hour by 31 December 2030, UTC.",
        category="Energy",
        fair_ticks=900,
    ),
    Question(
        ticker=Ticker("SEAICE-27"),
        title="Will the Arctic sea ice shrink below 3.5 million square kilometres in September 2027?",
        rules="Decided by the daily minimum extent that the NSIDC publishes for 2027.",
        category="Climate",
        fair_ticks=1_600,
    ),
    Question(
        ticker=Ticker("JOBS-27JUN-IF-CUT"),
        title="If the Fed lowers its rate in March 2027: US unemployment above 4.5 % in June 2027?",
        rules="Called off, with every trade undone, unless FED-27MAR-CUT ends yes. Otherwise decided by the "
        "rate that the Bureau of Labor Statistics first publishes for June 2027.",
        category="Economics",
        fair_ticks=4_700,
        parent=Ticker("FED-27MAR-CUT"),
    ),
)
