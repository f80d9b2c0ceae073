"""So many messages that others cannot keep up, and hardly a trade."""

from collections import deque

from application.surveillance.detectors.detector import PAIRS, Detector, Found
from application.surveillance.finding import EVIDENCE, Finding
from application.surveillance.flow import Ref, Trade
from application.surveillance.memory import Counts, Latest
from application.surveillance.rules import Rule

_MESSAGES, _TRADES = 0, 1


class _Seen:
    def __init__(self, window_us: int) -> None:
        self.counts = Counts(window_us, 2)
        self.evidence: deque[Ref] = deque(maxlen=EVIDENCE)


class QuoteStuffing(Detector):
    """``threshold`` messages, and more than ``messages_per_trade`` for each trade."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._per_trade = rule.parameters["messages_per_trade"]
        self._seen = Latest[tuple[str, str], _Seen](PAIRS, lambda: _Seen(rule.window_us))

    @property
    def forgotten(self) -> int:
        """How much had to be forgotten before its time for want of room."""
        return self._seen.forgotten

    def traded(self, trade: Trade) -> Found:
        """Count a trade for both sides."""
        for account in (trade.maker, trade.taker):
            self._seen.at((trade.market, account)).counts.add(trade.at_us, _TRADES)
        yield from ()

    def message(self, market: str, account: str, at_us: int, ref: Ref) -> Found:
        """Count a message."""
        seen = self._seen.at((market, account))
        seen.counts.add(at_us, _MESSAGES)
        seen.evidence.append(ref)
        messages, trades = seen.counts.totals
        if (
            messages >= self.rule.threshold
            and messages > self._per_trade * trades
            and self.is_news(market, (account,), at_us)
        ):
            yield Finding(
                rule=self.rule,
                market=market,
                accounts=(account,),
                at_us=at_us,
                value=messages,
                figures={"trades": trades},
                explanation=f"{messages} messages about orders came to {trades} trades",
                evidence=tuple(seen.evidence),
            )
