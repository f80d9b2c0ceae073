"""Who may send how much: a rate for each kind of request, in tiers, and which account is in which."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from application.limiting.token_bucket import Rate


class Kind(StrEnum):
    """What a request is for, as far as limits go. Each has a bucket of its own for every account."""

    READ = "read"
    WRITE = "write"
    """Orders, each of a batch counted, and whatever else an account changes."""
    CANCEL = "cancel"
    """Taking orders off: the last thing to be limited, and never by anything outside of this process."""
    OPERATOR = "operator"


Tier = Mapping[Kind, Rate]

STRIKES = 100


def _tier(read: int, write: int, cancel: int) -> Tier:
    return MappingProxyType(
        {
            Kind.READ: Rate(per_s=read, burst=10 * read, strikes=STRIKES),
            Kind.WRITE: Rate(per_s=write, burst=10 * write, strikes=STRIKES),
            Kind.CANCEL: Rate(per_s=cancel, burst=10 * cancel),
            Kind.OPERATOR: Rate(per_s=1_000, burst=20_000),
        }
    )


BASIC = "basic"

TIERS: Mapping[str, Tier] = MappingProxyType(
    {
        BASIC: _tier(read=500, write=500, cancel=1_000),
        "advanced": _tier(read=2_000, write=2_000, cancel=4_000),
        "prime": _tier(read=10_000, write=10_000, cancel=20_000),
    }
)
"""The tiers there are unless a file names others."""

ADDRESS = Rate(per_s=1_000, burst=10_000, strikes=10 * STRIKES)
"""What may come from one address, whoever sends it."""

LOOPBACK = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRules:
    """All limits.

    ``accounts`` are those that are not in the first tier; ``exempt`` are addresses that are not limited, as
    everybody behind a proxy has the same one.
    """

    tiers: Mapping[str, Tier] = field(default_factory=lambda: TIERS)
    accounts: Mapping[str, str] = field(default_factory=dict)
    address: Rate = ADDRESS
    exempt: frozenset[str] = LOOPBACK

    def tier_of(self, account_id: str) -> str:
        """Return the name of an account's tier."""
        return self.accounts.get(account_id) or next(iter(self.tiers))
