"""What can be asked of a group."""

from dataclasses import dataclass

from domain.identifiers import GroupId, Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGroup:
    """List a group."""

    group_id: GroupId
    title: str
    category: str = ""
    series: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMarket:
    """Take a market into the group."""

    ticker: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class DetermineGroup:
    """State which market is yes."""

    winner: Ticker
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeGroup:
    """Contest the result."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizeGroup:
    """Let the result stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidGroup:
    """End every market of the group without a result."""

    reason: str = ""


GroupCommand = CreateGroup | AddMarket | DetermineGroup | DisputeGroup | FinalizeGroup | VoidGroup
