"""Rules against market manipulation as data: which pattern, from where on, within what time, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

_US = 1_000_000


class Pattern(StrEnum):
    """What a rule looks for; each is found by a detector of its own."""

    RAPID_CANCEL = "rapid_cancel"
    """Orders that are taken off again before anybody can have meant them."""
    LAYERING = "layering"
    """Large orders at several levels that go as soon as a small one on the other side has traded."""
    WASH_TRADING = "wash_trading"
    """Shares that go round in a closed group of accounts and come back."""
    QUOTE_STUFFING = "quote_stuffing"
    """So many messages that others cannot keep up, and hardly a trade."""
    MOMENTUM_IGNITION = "momentum_ignition"
    """A price that is pushed, and sold to those who run after it."""


class Severity(StrEnum):
    """How sure a rule is that nobody means well by what it finds."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Action(StrEnum):
    """What is done with a finding. What has happened cannot be blocked any more: operators decide."""

    ALERT = "alert"
    """Operators are told."""
    LOG = "log"
    """It is counted and logged: for a rule on trial."""


PARAMETERS: Mapping[Pattern, frozenset[str]] = MappingProxyType(
    {
        Pattern.RAPID_CANCEL: frozenset({"lifetime_ms", "share_percent", "orders_per_trade"}),
        Pattern.LAYERING: frozenset(
            {"levels", "times_median", "times_other_side", "canceled_percent", "within_ms"}
        ),
        Pattern.WASH_TRADING: frozenset(
            {"accounts_most", "inside_percent", "net_percent", "moved_percent", "traded_percent"}
        ),
        Pattern.QUOTE_STUFFING: frozenset({"messages_per_trade"}),
        Pattern.MOMENTUM_IGNITION: frozenset(
            {"moved_ticks", "share_percent", "other_side_percent", "reversed_percent", "reversed_within_s"}
        ),
    }
)
"""What each pattern needs to know besides threshold and window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: ``threshold`` is how often it takes within ``window_s`` seconds."""

    id: str
    pattern: Pattern
    threshold: int
    window_s: int
    action: Action
    severity: Severity
    rationale: str
    parameters: Mapping[str, int]

    @property
    def window_us(self) -> int:
        """The window in microseconds."""
        return self.window_s * _US

    @property
    def looks_back_us(self) -> int:
        """How much of the past a finding can depend on: twice the window, once to be the first in it."""
        return 2 * _US * (self.window_s + self.parameters.get("reversed_within_s", 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Accounts in which some rules find nothing."""

    accounts: frozenset[str]
    rules: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveillanceRules:
    """All rules in force, and who is exempt."""

    rules: Sequence[Rule]
    exceptions: Sequence[Exemption] = field(default=())

    @property
    def looks_back_us(self) -> int:
        """How much of the past has to be read for findings to be the same, wherever reading begins."""
        return max((rule.looks_back_us for rule in self.rules), default=0)

    def exempt(self, rule: Rule, accounts: Sequence[str]) -> bool:
        """Return whether a rule does not count: all who take part are exempt from it."""
        return any(rule.id in each.rules and each.accounts.issuperset(accounts) for each in self.exceptions)
