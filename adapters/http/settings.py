"""The limits of the HTTP port."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How much a client may send and how long it may take. Times are in the unit their name ends in."""

    body_bytes_max: int = 1_048_576
    json_depth_max: int = 16
    receive_window_ms: int = 5_000
    """How old a signed request may be when it arrives, and when its order reaches the book."""
    ahead_window_ms: int = 1_000
    """How far a client's clock may run ahead."""
    min_position_wait_s: float = 2.0
    """How long a read waits for the position it asked for before it is refused."""
    strict_keys: bool = False
    """Whether a new key is strict where it is not said."""
    own_writes_wait_s: float = 1.0
    """How long a read waits for its account's own last write before it is answered without it."""
    sign_up: bool = False
    """Whether anybody may open an account."""
    origins: frozenset[str] = frozenset()
    """The pages of other origins that may send requests with a session, and read the answers."""


USUAL = HttpSettings()
"""The limits unless others are asked for."""
