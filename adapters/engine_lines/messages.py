"""What travels to an engine, and back: MessagePack, several messages in a frame.

They have no versions: both ends are of one version, or the engine does not understand and does nothing.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.msgpack import Decoder

from application.cluster.wire import Ask, Fault, Reply, encode
from application.ports.sessions import Session


class Forwarded(Struct, frozen=True, array_like=True, tag="forwarded", gc=False):
    """A request for a route, read whole. ``verified`` says that its signature was found to be good.

    ``owned`` is the stream by which its engine was chosen, empty where there is but one.
    """

    operation: int
    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    address: str
    names: dict[str, str]
    body: bytes
    verified: bool
    owned: str = ""


class Answered(Struct, frozen=True, array_like=True, tag="answered", gc=False):
    """The answer to a request."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Booking(Struct, frozen=True, array_like=True, tag="booking", gc=False):
    """Wait until an account's money is as everything up to a position makes it."""

    account_id: str
    position: int


class Booked(Struct, frozen=True, array_like=True, tag="booked", gc=False):
    """That is so at this position."""

    position: int


class SessionOf(Struct, frozen=True, array_like=True, tag="session_of", gc=False):
    """Whose session is it, if it goes on: that is a use of it."""

    session_id: str


class SessionTold(Struct, frozen=True, array_like=True, tag="session", gc=False):
    """That session, if it goes on."""

    session: Session | None


class SessionLasts(Struct, frozen=True, array_like=True, tag="session_lasts", gc=False):
    """Whether an account's session goes on: that is no use of it."""

    account_id: str
    session_id: str


class Lasts(Struct, frozen=True, array_like=True, tag="lasts", gc=False):
    """Whether it does."""

    lasts: bool


class SessionsAway(Struct, frozen=True, array_like=True, tag="sessions_away", gc=False):
    """Sessions cannot be reached now."""

    message: str


class Overseen(Struct, frozen=True, array_like=True, tag="overseen", gc=False):
    """How the exchange is as a whole, for operators who listen to an HTTP process."""


class Overview(Struct, frozen=True, array_like=True, tag="overview", gc=False):
    """That, as JSON."""

    told: bytes


class Away(Struct, frozen=True, array_like=True, tag="away", gc=False):
    """There is no answer: the exchange takes no commands, and nothing was done."""


class Failed(Struct, frozen=True, array_like=True, tag="failed", gc=False):
    """There is no answer: a fault of the engine, which has it in its log."""

    message: str


class Standing(Struct, frozen=True, array_like=True, tag="standing", gc=False):
    """Whether the exchange takes commands: told when a line is new, and whenever that changes."""

    ready: bool


class Figure(Struct, frozen=True, array_like=True, gc=False):
    """One value of a measure; of a histogram: its bounds, counts and total."""

    labels: tuple[str, ...]
    value: float
    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


class Told(Struct, frozen=True, array_like=True, gc=False):
    """One measure of an HTTP process."""

    name: str
    meaning: str
    kind: str
    labels: tuple[str, ...]
    figures: Sequence[Figure]


class Seen(Struct, frozen=True, array_like=True, gc=False):
    """Requests of one class since the last report: how they ended, and how long they took."""

    route_class: str
    ends: dict[str, int]
    counts: list[int]
    total_s: float


class Wrong(Struct, frozen=True, array_like=True, gc=False):
    """Something that is wrong with a process."""

    part: str
    code: str
    message: str


class Report(Struct, frozen=True, array_like=True, tag="report", gc=False):
    """How an HTTP process gets on: sent as soon as there is a line, and again and again."""

    worker: int
    pid: int
    in_flight: int
    traffic: list[Seen]
    measures: list[Told]
    conditions: list[Wrong]


class NotMine(Struct, frozen=True, array_like=True, tag="not_mine", gc=False):
    """Nothing was done: the stream asked about is not this engine's, or not for long. Look who has it."""


Question = Ask | Forwarded | Booking | SessionOf | SessionLasts | Overseen
Answer = (
    Reply
    | Fault
    | NotMine
    | Answered
    | Booked
    | SessionTold
    | Lasts
    | SessionsAway
    | Overview
    | Away
    | Failed
)

NEWS = 0
"""The number of what is no answer, and wants none."""

_to_engine: Decoder[list[tuple[int, Question | Report]]] = Decoder(list[tuple[int, Question | Report]])
_from_engine: Decoder[list[tuple[int, Answer | Standing]]] = Decoder(list[tuple[int, Answer | Standing]])


def to_engine(messages: Sequence[tuple[int, Question | Report]]) -> bytes:
    """Return numbered messages as bytes."""
    return encode(messages)


def at_engine(data: bytes) -> list[tuple[int, Question | Report]]:
    """Return what an HTTP process has sent. Raises ``ValueError`` for anything else."""
    return _to_engine.decode(data)


def from_engine(messages: Sequence[tuple[int, Answer | Standing]]) -> bytes:
    """Return numbered messages as bytes."""
    return encode(messages)


def at_worker(data: bytes) -> list[tuple[int, Answer | Standing]]:
    """Return what the engine has sent. Raises ``ValueError`` for anything else."""
    return _from_engine.decode(data)
