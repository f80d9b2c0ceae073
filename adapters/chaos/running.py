"""Runs an experiment, and says in one word how it ended."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from chaoslib.exceptions import ChaosException
from chaoslib.experiment import ensure_experiment_is_valid, run_experiment

from adapters.cli.failures import Failure

CONTROL = "adapters.chaos.control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an experiment ended: ``held``, ``deviated``, ``unexpected``, ``aborted``, ``refused``; and why."""

    outcome: str
    why: Sequence[str]
    journal: Mapping[str, Any]


def usual() -> dict[str, Path]:
    """Return the experiments that come with Presage, by name."""
    folder = Path(str(files("adapters.chaos").joinpath("experiments")))
    return {path.stem: path for path in sorted(folder.glob("*.json"))}


def load(name: str) -> dict[str, Any]:
    """Return an experiment by its name or its file. Raises :class:`Failure` that says what is wrong."""
    path = usual().get(name, Path(name))
    try:
        text = path.read_text("utf-8")
        experiment = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise Failure(
            "no_experiment",
            f"{name}: {error.strerror}",
            details=f"there are {', '.join(usual())}, or name a file",
        ) from error
    except (ValueError, yaml.YAMLError) as error:
        raise Failure("bad_experiment", f"{name}: {error}") from error
    if not isinstance(experiment, dict):
        raise Failure("bad_experiment", f"{name}: an experiment is an object")
    if not experiment.get("rollbacks"):
        raise Failure(
            "no_rollback",
            f"{name}: rollbacks: there are none, so what the experiment breaks would stay broken",
        )
    if not experiment.get("steady-state-hypothesis", {}).get("probes"):
        raise Failure("bad_experiment", f"{name}: steady-state-hypothesis: it states nothing that is to hold")
    if CONTROL not in json.dumps(experiment.get("controls", [])):
        raise Failure("bad_experiment", f"{name}: controls: {CONTROL} has to be one of them")
    try:
        ensure_experiment_is_valid(experiment)
    except ChaosException as error:
        raise Failure("bad_experiment", f"{name}: {error}") from error
    return experiment


def run(experiment: dict[str, Any]) -> Ended:
    """Run an experiment; its rollbacks are run however it ends."""
    settings = {"runtime": {"rollbacks": {"strategy": "always"}}}
    journal = run_experiment(experiment, settings=settings)
    return judged(journal)


def judged(journal: Mapping[str, Any]) -> Ended:
    """Return how the experiment of a journal ended."""
    if why := journal.get("presage", {}).get("aborted"):
        return Ended(outcome="aborted", why=[why], journal=journal)
    steady = journal.get("steady_states", {})
    before, after = steady.get("before") or {}, steady.get("after") or {}
    if journal["status"] == "interrupted" or not before:
        return Ended(outcome="aborted", why=["it was interrupted"], journal=journal)
    if not before.get("steady_state_met"):
        return Ended(outcome="refused", why=_broken(before), journal=journal)
    if journal["deviated"] or not after.get("steady_state_met"):
        return Ended(outcome="deviated", why=_broken(after), journal=journal)
    failed = [
        f"{each['activity']['name']}: {_said(each)}"
        for each in (*journal["run"], *journal.get("rollbacks", ()))
        if each["status"] != "succeeded"
    ]
    return Ended(outcome="unexpected" if failed else "held", why=failed, journal=journal)


def _broken(state: Mapping[str, Any]) -> list[str]:
    return [
        f"{each['activity']['name']}: {each['output'] if each['status'] == 'succeeded' else _said(each)}"
        for each in state.get("probes", ())
        if each["status"] != "succeeded" or not each.get("tolerance_met", True)
    ]


def _said(run_: Mapping[str, Any]) -> str:
    told = run_.get("exception") or [""]
    return str(told[-1]).strip()
