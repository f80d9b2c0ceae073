"""What a rule has found, so that anybody can look it up in the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.surveillance.flow import Ref
from application.surveillance.rules import Rule

EVIDENCE = 20
"""How many events a finding names: the latest of those it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule's threshold was reached: by whom, where and when, by how much, and by which events.

    ``value`` is what was compared with the rule's threshold; ``figures`` are the other conditions, as they
    were. There is one of a rule, a market and its accounts in each window of the rule.
    """

    rule: Rule
    market: str
    accounts: tuple[str, ...]
    at_us: int
    value: int
    figures: Mapping[str, int]
    explanation: str
    evidence: Sequence[Ref]

    @property
    def subject(self) -> str:
        """What an alert about it is called."""
        return f"{self.rule.id} {self.market} {'+'.join(self.accounts)}"

    @property
    def sentence(self) -> str:
        """The finding in words."""
        return (
            f"{self.explanation} ({self.value}; the threshold is {self.rule.threshold} in "
            f"{self.rule.window_s} s); see {', '.join(map(str, self.evidence[-3:]))}"
        )
