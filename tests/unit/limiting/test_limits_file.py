"""Limits from a file: what it states counts, and where it is wrong it is refused with the place."""

from pathlib import Path

import pytest

from adapters.limits.file import read_limits
from adapters.rule_files import UnusableRules
from application.limiting.tiers import ADDRESS, TIERS, Kind
from application.limiting.token_bucket import Rate


def written(folder: Path, text: str) -> Path:
    path = folder / "limits.toml"
    path.write_text(text)
    return path


def test_a_file_states_tiers_and_who_is_in_them(tmp_path: Path) -> None:
    rules = read_limits(
        written(
            tmp_path,
            """
            exempt_addresses = ["10.0.0.1"]
            [tiers.slow]
            write = {per_s = 5, burst = 10, strikes = 20, box_s = 2}
            [tiers.prime]
            [accounts]
            maker = "prime"
            """,
        )
    )
    assert (rules.tier_of("ann"), rules.tier_of("maker")) == ("slow", "prime")
    assert rules.tiers["slow"][Kind.WRITE] == Rate(per_s=5, burst=10, strikes=20, box_s=2)
    assert rules.tiers["slow"][Kind.READ] == TIERS["basic"][Kind.READ]
    assert rules.tiers["prime"] == TIERS["prime"]
    assert rules.address == ADDRESS
    assert rules.exempt == {"127.0.0.1", "::1", "10.0.0.1"}


def test_without_tiers_of_its_own_a_file_has_the_usual_ones(tmp_path: Path) -> None:
    rules = read_limits(written(tmp_path, '[accounts]\nmaker = "prime"'))
    assert (rules.tier_of("ann"), rules.tier_of("maker")) == ("basic", "prime")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "[tiers.basic]\nwrite = {per_s = 0, burst = 10}",
            "tiers.basic.write.per_s: must be at least 1",
        ),
        (
            "[tiers.basic]\nwrite = {per_s = 1.5, burst = 10}",
            "tiers.basic.write.per_s: must be a whole number",
        ),
        ("[tiers.basic]\nwrites = {per_s = 1, burst = 1}", "tiers.basic.writes"),
        ("[accounts]\nmaker = 'golden'", "accounts.maker: there is no tier 'golden'"),
        ("[tiers", "at end of document"),
        ("tears = 1", "tears: there is nothing of this name"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(tmp_path: Path, text: str, place: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UnusableRules, match=f"^{path}: .*{place}"):
        read_limits(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableRules, match=r"limits\.toml: No such file"):
        read_limits(tmp_path / "limits.toml")
