"""Limits from a file in TOML: tiers, who is in which, and what an address may send."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from adapters.rule_files import UnusableRules, read_rules_file
from application.limiting.tiers import ADDRESS, LOOPBACK, TIERS, Kind, LimitRules
from application.limiting.token_bucket import Rate

_Whole = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
_Seconds = Annotated[int, Field(ge=1, le=86_400, strict=True)]


class _RateForm(BaseModel, extra="forbid"):
    per_s: _Whole
    burst: _Whole
    strikes: Annotated[int, Field(ge=0, le=1_000_000, strict=True)] = 0
    box_s: _Seconds = 1
    box_longest_s: _Seconds = 60
    forgiven_s: _Seconds = 60

    def rate(self) -> Rate:
        return Rate(**self.model_dump())


class _Form(BaseModel, extra="forbid"):
    tiers: dict[str, dict[Kind, _RateForm]] = Field(default_factory=dict)
    accounts: dict[str, str] = Field(default_factory=dict)
    address: _RateForm | None = None
    exempt_addresses: list[str] = Field(default_factory=list)


def read_limits(path: Path) -> LimitRules:
    """Return the limits that a file states. The first tier is that of accounts without one.

    What a tier leaves out is as in the tier of that name that there is without a file, or in the first one.
    Raises :class:`UnusableRules` that says where the file is wrong.
    """
    form = read_rules_file(path, _Form)
    tiers = {
        **({} if form.tiers else TIERS),
        **{name: _tier(name, rates) for name, rates in form.tiers.items()},
    }
    for account, tier in form.accounts.items():
        if tier not in tiers:
            raise UnusableRules(f"{path}: accounts.{account}: there is no tier {tier!r}")
    return LimitRules(
        tiers=tiers,
        accounts=form.accounts,
        address=form.address.rate() if form.address else ADDRESS,
        exempt=LOOPBACK | frozenset(form.exempt_addresses),
    )


def _tier(name: str, rates: Mapping[Kind, _RateForm]) -> Mapping[Kind, Rate]:
    usual = TIERS.get(name) or next(iter(TIERS.values()))
    return {**usual, **{kind: form.rate() for kind, form in rates.items()}}
