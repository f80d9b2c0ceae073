"""What a consumer group is: its source, its name and its settings, from requests and for storage."""

from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import Any

from adapters.eventstore_node.filters import Admits, everything, filter_from
from adapters.eventstore_node.messages import PersistentCreateReq
from adapters.eventstore_node.positions import GAP
from adapters.eventstore_node.requests import stream_name

ALL = "$all"
FROM_END = -1
_UNSIGNED_END = 2**64 - 1
_TICKS_PER_MS = 10_000
STRATEGIES = ("DispatchToSingle", "RoundRobin", "Pinned", "PinnedByCorrelation")


class Nack(IntEnum):
    """What a consumer wants done with an event that it did not handle."""

    UNKNOWN = 0
    PARK = 1
    RETRY = 2
    SKIP = 3
    STOP = 4


@dataclass(frozen=True, slots=True, order=True)
class GroupKey:
    """A group is known by its source, a stream or ``$all``, and its name."""

    source: str
    name: str

    @property
    def subscription_id(self) -> str:
        """How the protocol writes the two in one."""
        return f"{self.source}::{self.name}"

    @property
    def checkpoint_stream(self) -> str:
        """Where the group's progress is kept."""
        return f"$persistentsubscription-{self.subscription_id}-checkpoint"

    @property
    def parked_stream(self) -> str:
        """Where the events are that nobody could handle."""
        return f"$persistentsubscription-{self.subscription_id}-parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """How a group behaves. ``start_from`` is inclusive: a revision, or a position for ``$all``."""

    start_from: int = 0
    resolve_links: bool = False
    extra_statistics: bool = False
    message_timeout_ms: int = 30_000
    max_retry_count: int = 10
    checkpoint_after_ms: int = 2_000
    min_checkpoint_count: int = 10
    max_checkpoint_count: int = 1_000
    max_subscriber_count: int = 0
    live_buffer_size: int = 500
    read_batch_size: int = 20
    history_buffer_size: int = 500
    strategy: str = "RoundRobin"
    filter_request: str = ""
    """The filter of a group on ``$all`` as it came, in hexadecimal."""

    end_was: int | None = None
    """Where the end was when the group was told to start there."""

    @property
    def fault(self) -> str | None:
        """Say what makes these settings impossible, if anything does."""
        if self.strategy not in STRATEGIES:
            return f"Consumer strategy {self.strategy} does not exist."
        if self.read_batch_size >= self.history_buffer_size:
            return "readBatchSize may not be greater than or equal to bufferSize"
        return None

    @property
    def start_after(self) -> int:
        """The revision or position before the first event."""
        return self.start_from - 1 if self.end_was is None else self.end_was

    def admits(self) -> Admits:
        """Return what the group's filter admits."""
        if not self.filter_request:
            return everything
        options = PersistentCreateReq.AllOptions.FilterOptions.FromString(bytes.fromhex(self.filter_request))
        return filter_from(options)


def group_from(options: Any) -> tuple[GroupKey, GroupSettings]:
    """Read the options of a create or update request."""
    kind = options.WhichOneof("stream_option")
    settings = _settings_from(options.settings)
    if kind == "all":
        settings = replace(settings, start_from=_start_position(options.all))
        if options.all.WhichOneof("filter_option") == "filter":
            settings = replace(settings, filter_request=options.all.filter.SerializeToString().hex())
        return GroupKey(ALL, options.group_name), settings
    if kind == "stream":
        source = stream_name(options.stream.stream_identifier)
        start = _start_revision(options.stream)
    else:  # clients of the first version of the protocol
        source = stream_name(options.stream_identifier)
        start = options.settings.revision
    settings = replace(settings, start_from=FROM_END if start == _UNSIGNED_END else start)
    return GroupKey(source, options.group_name), settings


def to_document(key: GroupKey, settings: GroupSettings) -> dict[str, Any]:
    """Return a group as it is stored."""
    return {"source": key.source, "group": key.name, **asdict(settings)}


def from_document(document: dict[str, Any]) -> tuple[GroupKey, GroupSettings]:
    """Return a stored group."""
    fields = dict(document)
    key = GroupKey(fields.pop("source"), fields.pop("group"))
    return key, GroupSettings(**fields)


def _settings_from(settings: Any) -> GroupSettings:
    return GroupSettings(
        resolve_links=settings.resolve_links,
        extra_statistics=settings.extra_statistics,
        message_timeout_ms=_milliseconds(settings, "message_timeout"),
        max_retry_count=settings.max_retry_count,
        checkpoint_after_ms=_milliseconds(settings, "checkpoint_after"),
        min_checkpoint_count=settings.min_checkpoint_count,
        max_checkpoint_count=settings.max_checkpoint_count,
        max_subscriber_count=settings.max_subscriber_count,
        live_buffer_size=settings.live_buffer_size,
        read_batch_size=settings.read_batch_size,
        history_buffer_size=settings.history_buffer_size,
        strategy=settings.consumer_strategy or STRATEGIES[settings.named_consumer_strategy],
    )


def _milliseconds(settings: Any, setting: str) -> int:
    if settings.WhichOneof(setting) == f"{setting}_ticks":
        return int(getattr(settings, f"{setting}_ticks")) // _TICKS_PER_MS
    return int(getattr(settings, f"{setting}_ms"))


def _start_revision(options: Any) -> int:
    kind = options.WhichOneof("revision_option")
    return int({"revision": options.revision, "end": FROM_END}.get(kind, 0))


def _start_position(options: Any) -> int:
    kind = options.WhichOneof("all_option")
    # A group begins at the next event after a position at which there is none.
    return int({"position": -(-options.position.commit_position // GAP), "end": FROM_END}.get(kind, 0))
