"""How much feeds may take: of sockets, of subscriptions, of messages either way."""

from dataclasses import dataclass

from application.limiting.token_bucket import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLimits:
    """The bounds of the live feed. Times are in the unit their name ends in."""

    sockets: int = 8_000
    """In this process, streams of events included."""
    sockets_per_account: int = 50
    sockets_per_address: int = 200
    """Of those who did not say who they are; addresses that are exempt from limits are exempt here."""
    subscriptions_per_socket: int = 200
    markets_per_socket: int = 2_000
    message_bytes: int = 32_768
    """What is larger is answered with an error; from thirty times that on the socket is closed."""
    commands: Rate = Rate(per_s=20, burst=200)
    pending: int = 10_000
    """How many messages may wait for a consumer before it is cut off."""
    stalled_s: float = 30.0
    """How long a consumer may take nothing at all while something waits for it."""
    replays: int = 8
    """How many replay at once; others wait for their turn."""
    conflate_ms_max: int = 60_000


USUAL = FeedLimits()
"""The bounds unless others are asked for."""
