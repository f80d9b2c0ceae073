"""What can have happened to a group."""

from domain.fields import Category, Evidence, Explanation, Series, Title
from domain.identifiers import GroupId, Ticker
from domain.messages import Message


class GroupCreated(Message, frozen=True, kw_only=True):
    """A group was listed; markets are added to it."""

    group_id: GroupId
    title: Title
    category: Category
    series: Series


class MarketAdded(Message, frozen=True, kw_only=True):
    """A market joined the group."""

    ticker: Ticker


class GroupDetermined(Message, frozen=True, kw_only=True):
    """One market was found to be yes, all others no."""

    winner: Ticker
    members: tuple[Ticker, ...]
    evidence: Evidence


class GroupDisputed(Message, frozen=True, kw_only=True):
    """The result was contested."""

    members: tuple[Ticker, ...]
    reason: Explanation


class GroupFinalized(Message, frozen=True, kw_only=True):
    """The result stands in every market at once."""

    winner: Ticker
    members: tuple[Ticker, ...]


class GroupVoided(Message, frozen=True, kw_only=True):
    """Every market of the group ended without a result; yes shares of each pay an equal part of a dollar."""

    members: tuple[Ticker, ...]
    reason: Explanation


GroupEvent = GroupCreated | MarketAdded | GroupDetermined | GroupDisputed | GroupFinalized | GroupVoided
