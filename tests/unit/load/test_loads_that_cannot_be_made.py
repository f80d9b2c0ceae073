"""A load that this machine cannot make says nothing of the exchange, and says so."""

import json

import pytest
from typer.testing import CliRunner

from adapters.cli import load
from adapters.load.measured import Measurements, verdicts
from adapters.load.running import Outcome, Plan


def outcome(late_ms: float) -> Outcome:
    """Return what was found of an exchange that keeps every promise, under a load that was sent so late."""
    found = Measurements()
    found.answered("order", 0.0, 0.001, "201", failed=False)
    judged = verdicts(found, (), ())
    assert all(each.held for each in judged)
    return Outcome(plan=Plan(name="election"), found=found, verdicts=judged, late_ms=late_ms)


@pytest.mark.parametrize(("late_ms", "status", "kept_up"), [(50.0, 0, True), (50.1, 2, False)])
def test_requests_that_are_sent_more_than_50_ms_late_are_no_load(
    monkeypatch: pytest.MonkeyPatch, late_ms: float, status: int, *, kept_up: bool
) -> None:
    async def ran(*_arguments: object) -> Outcome:
        return outcome(late_ms)

    monkeypatch.setattr(load, "_run", ran)
    done = CliRunner().invoke(load.app, ["--profile", "election", "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["generator"]["kept_up"], told["held"]) == (status, kept_up, kept_up)


def test_people_are_told_what_to_do_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ran(*_arguments: object) -> Outcome:
        return outcome(339.0)

    monkeypatch.setattr(load, "_run", ran)
    done = CliRunner().invoke(load.app, ["--profile", "election"])
    assert done.exit_code == 2
    assert "one request in a hundred was sent 339 ms late or more" in " ".join(done.stdout.split())
