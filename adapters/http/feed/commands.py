"""Commands of the feed as they arrive: read, checked, and refused with a code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.http.feed.channels import CONFLATED, ONE_BY_ONE, REPLAYED, Channel, FeedCode, Refused
from adapters.http.feed.limits import FeedLimits

_NAMES_MAX = 2_000
RESUMED_MAX = 100
"""Of how many markets what came after a position can be told to one subscription."""

_IGNORED = frozenset(
    {"use_yes_price", "skip_ticker_ack", "shard_factor", "shard_key", "subaccount", "market_id", "market_ids"}
)
"""What Kalshi's clients may say, and what changes nothing here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Tell of these channels: of some markets, or of all."""

    channels: Sequence[Channel]
    tickers: Sequence[str] | None
    with_snapshot: bool | None
    from_revision: int | None
    from_position: int | None
    conflate_ms: int

    @property
    def resumes(self) -> bool:
        """Whether what has happened is told before what happens."""
        return self.from_revision is not None or self.from_position is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """Tell nothing more of these subscriptions."""

    sids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Change the markets of a subscription, or send their books once more."""

    sid: int
    action: str
    tickers: Sequence[str]
    with_snapshot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Say what there is."""


Command = Subscribe | Unsubscribe | Update | Listing

ACTIONS = ("add_markets", "delete_markets", "get_snapshot")


def command_id(text: str | bytes) -> tuple[int | None, dict[str, Any]]:
    """Return the number of a command and the command. Raises :class:`Refused` for what is none."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused(FeedCode.UNREADABLE, "a message is a JSON object") from None
    if not isinstance(document, dict):
        raise Refused(FeedCode.UNREADABLE, "a message is a JSON object")
    number = document.get("id")
    return (number if type(number) is int else None), document


def read_command(document: Mapping[str, Any], limits: FeedLimits) -> Command:
    """Return what is wanted. Raises :class:`Refused`."""
    match document.get("cmd"):
        case "subscribe":
            return read_subscription(_params(document), limits)
        case "unsubscribe":
            return Unsubscribe(sids=_sids(_params(document)))
        case "update_subscription":
            return _update(_params(document))
        case "list_subscriptions":
            return Listing()
        case _:
            raise Refused(
                FeedCode.UNKNOWN_COMMAND,
                "cmd is one of subscribe, unsubscribe, update_subscription, list_subscriptions",
            )


def _params(document: Mapping[str, Any]) -> Mapping[str, Any]:
    params = document.get("params")
    if not isinstance(params, dict):
        raise Refused(FeedCode.PARAMS_REQUIRED, "params is an object")
    return params


def read_subscription(params: Mapping[str, Any], limits: FeedLimits) -> Subscribe:
    """Return what is subscribed to. Raises :class:`Refused`."""
    _refuse_unknown(
        params,
        {
            "channels",
            "market_ticker",
            "market_tickers",
            "send_initial_snapshot",
            "from_revision",
            "from_position",
            "conflate_ms",
        },
    )
    channels, tickers = _channels(params.get("channels")), _tickers(params)
    revision = _number(params, "from_revision", most=2**62)
    position = _number(params, "from_position", most=2**62)
    conflate_ms = _number(params, "conflate_ms", most=limits.conflate_ms_max) or 0
    for channel in channels:
        if channel is Channel.ADMIN and tickers is not None:
            raise Refused(FeedCode.INVALID_PARAMETER, f"{channel} is of the whole exchange, not of markets")
        if channel in ONE_BY_ONE and not tickers:
            raise Refused(FeedCode.MARKET_TICKER_REQUIRED, f"{channel} needs market_ticker or market_tickers")
        if revision is not None and channel not in REPLAYED:
            raise Refused(FeedCode.INVALID_PARAMETER, f"{channel} cannot be told from_revision")
        if position is not None and channel not in REPLAYED:
            raise Refused(FeedCode.INVALID_PARAMETER, f"{channel} cannot be told from_position")
        if conflate_ms and channel not in CONFLATED:
            raise Refused(FeedCode.INVALID_PARAMETER, f"{channel} cannot be conflated")
    if revision is not None and (tickers is None or len(tickers) != 1):
        raise Refused(FeedCode.INVALID_PARAMETER, "from_revision is of one market")
    with_snapshot = _flag(params, "send_initial_snapshot")
    if position is not None:
        _refuse_unfit(tickers, revision, with_snapshot=with_snapshot)
    return Subscribe(
        channels=channels,
        tickers=tickers,
        with_snapshot=with_snapshot,
        from_revision=revision,
        from_position=position,
        conflate_ms=conflate_ms,
    )


def _refuse_unfit(tickers: Sequence[str] | None, revision: int | None, *, with_snapshot: bool | None) -> None:
    """Raise :class:`Refused` for what does not go together with a position of the log."""
    if tickers is None or len(tickers) > RESUMED_MAX:
        raise Refused(FeedCode.INVALID_PARAMETER, f"from_position is of named markets, {RESUMED_MAX} at most")
    if revision is not None:
        raise Refused(FeedCode.INVALID_PARAMETER, "from_position and from_revision exclude one another")
    if with_snapshot:
        raise Refused(FeedCode.INVALID_PARAMETER, "a snapshot is sent with from_revision, not from_position")


def _update(params: Mapping[str, Any]) -> Update:
    _refuse_unknown(
        params, {"sid", "sids", "market_ticker", "market_tickers", "action", "send_initial_snapshot"}
    )
    sids = _sids(params)
    if len(sids) != 1:
        raise Refused(FeedCode.ONE_SID_REQUIRED, "one subscription is changed at a time")
    action = params.get("action")
    if action is None:
        raise Refused(FeedCode.ACTION_REQUIRED, f"action is one of {', '.join(ACTIONS)}")
    if action not in ACTIONS:
        raise Refused(FeedCode.UNSUPPORTED_ACTION, f"action is one of {', '.join(ACTIONS)}")
    tickers = _tickers(params)
    if not tickers:
        raise Refused(FeedCode.MARKET_TICKER_REQUIRED, "name the markets in market_tickers")
    return Update(
        sid=sids[0],
        action=action,
        tickers=tickers,
        with_snapshot=bool(_flag(params, "send_initial_snapshot")),
    )


def _channels(sent: object) -> list[Channel]:
    if not isinstance(sent, list) or not sent:
        raise Refused(FeedCode.CHANNELS_REQUIRED, "channels is a list of names")
    channels: dict[Channel, None] = {}
    for name in sent[:100]:
        try:
            channels[Channel(name)] = None
        except ValueError:
            raise Refused(
                FeedCode.UNKNOWN_CHANNEL, f"the channels are {', '.join(map(str, Channel))}"
            ) from None
    return list(channels)


def _tickers(params: Mapping[str, Any]) -> list[str] | None:
    one, many = params.get("market_ticker"), params.get("market_tickers")
    if one is None and many is None:
        return None
    if one is not None and many is not None:
        raise Refused(FeedCode.INVALID_PARAMETER, "market_ticker and market_tickers exclude one another")
    named = [one] if one is not None else many
    if not isinstance(named, list) or not all(
        isinstance(name, str) and 0 < len(name) <= 128 for name in named
    ):
        raise Refused(FeedCode.INVALID_PARAMETER, "market_tickers is a list of tickers")
    if len(named) > _NAMES_MAX:
        raise Refused(FeedCode.TOO_MANY_MARKETS, f"at most {_NAMES_MAX} markets are named at once")
    return list(dict.fromkeys(named))


def _sids(params: Mapping[str, Any]) -> list[int]:
    one, many = params.get("sid"), params.get("sids")
    sids = [one] if one is not None else many
    if not isinstance(sids, list) or not sids or not all(type(sid) is int for sid in sids):
        raise Refused(FeedCode.SIDS_REQUIRED, "sids is a list of subscription ids")
    return list(dict.fromkeys(sids))


def _number(params: Mapping[str, Any], name: str, *, most: int) -> int | None:
    number = params.get(name)
    if number is None:
        return None
    if type(number) is not int or not 0 <= number <= most:
        raise Refused(FeedCode.INVALID_PARAMETER, f"{name} is a whole number from 0 to {most}")
    return number


def _flag(params: Mapping[str, Any], name: str) -> bool | None:
    flag = params.get(name)
    if flag is not None and type(flag) is not bool:
        raise Refused(FeedCode.INVALID_PARAMETER, f"{name} is true or false")
    return flag


def _refuse_unknown(params: Mapping[str, Any], known: set[str]) -> None:
    for name in params:
        if name not in known and name not in _IGNORED:
            raise Refused(FeedCode.INVALID_PARAMETER, f"there is no parameter {str(name)[:60]}")
