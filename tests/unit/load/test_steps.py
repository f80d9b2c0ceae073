"""A load in steps: it is told up to where all was held, and what was not beyond."""

import json
from collections.abc import Sequence

import pytest
from typer.testing import CliRunner

from adapters.cli import load
from adapters.load.measured import Measurements, verdicts
from adapters.load.running import Outcome, Plan


def outcome(plan: Plan, *, took_s: float = 0.001, late_ms: float = 1.0) -> Outcome:
    found = Measurements()
    found.answered("order", 0.0, took_s, "201", failed=False)
    return Outcome(plan=plan, found=found, verdicts=verdicts(found, (), ()), late_ms=late_ms)


def run(
    monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], **at_02: float
) -> tuple[int, str, list[float]]:
    """Run a load that is borne at every scale, but for what is said of 0.2."""
    tried: list[float] = []

    async def ran(plan: Plan, _data: object) -> Outcome:
        tried.append(plan.scale)
        return outcome(plan, **(at_02 if plan.scale == 0.2 else {}))

    monkeypatch.setattr(load, "_run", ran)
    done = CliRunner().invoke(load.app, ["--profile", "election", *arguments])
    return done.exit_code, done.stdout, tried


def test_it_is_told_up_to_where_all_was_held_and_what_broke_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    status, told, tried = run(monkeypatch, ["--steps", "0.5,0.1,0.2", "--json"], took_s=0.3)
    document = json.loads(told)
    assert (status, document["held_up_to"], tried) == (1, 0.1, [0.1, 0.2])
    assert [each["held"] for each in document["steps"]] == [True, False]
    assert "broken at 0.2: orders: p50 < 50 ms (300.03 ms)" in document["told"]


def test_a_step_that_cannot_be_made_is_no_fault_of_the_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    status, told, _ = run(monkeypatch, ["--steps", "0.1,0.2,0.5"], late_ms=80.0)
    assert status == 2
    assert "this machine could not make 0.2 of it" in " ".join(told.split())


def test_steps_that_are_all_borne_end_well(monkeypatch: pytest.MonkeyPatch) -> None:
    status, told, tried = run(monkeypatch, ["--steps", "0.1,0.3", "--json"])
    assert (status, json.loads(told)["held_up_to"], tried) == (0, 0.3, [0.1, 0.3])


@pytest.mark.parametrize("steps", ["", "a,b", "0.1,,0.2", "0", "1000", "nan"])
def test_steps_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, steps: str) -> None:
    status, _, tried = run(monkeypatch, ["--steps", steps])
    assert (status, tried) == (2, [])
