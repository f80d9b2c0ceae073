"""What can have happened to a group."""

from dataclasses import dataclass

from domain.identifiers import GroupId, Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCreated:
    """A group was listed; markets are added to it."""

    group_id: GroupId
    title: str
    category: str
    series: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketAdded:
    """A market joined the group."""

    ticker: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDetermined:
    """One market was found to be yes, all others no."""

    winner: Ticker
    members: tuple[Ticker, ...]
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDisputed:
    """The result was contested."""

    members: tuple[Ticker, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFinalized:
    """The result stands in every market at once."""

    winner: Ticker
    members: tuple[Ticker, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupVoided:
    """Every market of the group ended without a result; yes shares of each pay an equal part of a dollar."""

    members: tuple[Ticker, ...]
    reason: str


GroupEvent = GroupCreated | MarketAdded | GroupDetermined | GroupDisputed | GroupFinalized | GroupVoided
