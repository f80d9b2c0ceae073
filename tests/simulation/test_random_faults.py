"""The whole exchange under seeded commands and faults: lost answers, refusals, delays, crashes, clocks."""

import logging
import os
from collections.abc import Iterator

import pytest

from adapters.simulation.running import Faults, simulate

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
SEEDS = 10_000 if SOAK else 60
COMMANDS = 2_000 if SOAK else 1_000


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """Let faults that are meant go without thousands of lines."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_seeded_commands_and_faults_break_no_invariant(seed: int) -> None:
    outcome = simulate(seed, commands=COMMANDS)
    assert outcome.wrong == [], f"seed {seed}"
    assert outcome.events > COMMANDS // 5


@pytest.mark.parametrize("seed", [3, 5, 10, 16, 23])
def test_a_seed_replays_to_the_same_history(seed: int) -> None:
    first, again = simulate(seed, commands=300), simulate(seed, commands=300)
    assert first.digest == again.digest
    assert first.history == again.history


def test_seeds_differ_and_have_what_they_are_for() -> None:
    history = [line for seed in range(1, 13) for line in simulate(seed, commands=200).history]
    for told in (
        "a second instance is there too",
        "crash before append",
        "crash after append",
        "'StoreUnavailable'",
        "place",
        "amend",
        "OrderAccepted",
        "Rejected",
    ):
        assert any(told in line for line in history), told


def test_a_run_without_faults_has_none() -> None:
    calm = Faults(lost_answers=0, refusals=0, hidden=0, delays=0, crashes=False, two_instances=0)
    outcome = simulate(1, commands=300, faults=calm)
    assert outcome.held
    assert not any("crash" in line or "Unavailable" in line or "Unknown" in line for line in outcome.history)
