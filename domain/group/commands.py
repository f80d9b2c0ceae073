"""What can be asked of a group."""

from domain.identifiers import GroupId, Ticker
from domain.messages import Message


class CreateGroup(Message, frozen=True, kw_only=True):
    """List a group."""

    group_id: GroupId
    title: str
    category: str = ""
    series: str = ""


class AddMarket(Message, frozen=True, kw_only=True):
    """Take a market, which is listed as one of this group, into it."""

    ticker: Ticker


class DetermineGroup(Message, frozen=True, kw_only=True):
    """State which market is yes."""

    winner: Ticker
    evidence: str = ""


class DisputeGroup(Message, frozen=True, kw_only=True):
    """Contest the result."""

    reason: str = ""


class FinalizeGroup(Message, frozen=True, kw_only=True):
    """Let the result stand, if it is still this one."""

    winner: Ticker


class VoidGroup(Message, frozen=True, kw_only=True):
    """End every market of the group without a result."""

    reason: str = ""


GroupCommand = CreateGroup | AddMarket | DetermineGroup | DisputeGroup | FinalizeGroup | VoidGroup
