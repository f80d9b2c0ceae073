"""Other targets than the usual ones, from a file."""

from fractions import Fraction
from pathlib import Path

import pytest

from adapters.telemetry.objectives import read_objectives
from application.slo.objectives import DEFAULT_SLOS, BadObjective


def test_without_a_file_the_usual_ones_hold() -> None:
    assert read_objectives(None) == DEFAULT_SLOS


def test_targets_and_durations_can_be_others(tmp_path: Path) -> None:
    file = tmp_path / "slos.toml"
    file.write_text("[availability]\ntarget_percent = 99.9\n\n[order_latency_p99]\nat_most_ms = 100\n")
    found = {slo.name: slo for slo in read_objectives(file)}
    assert found["availability"].target == Fraction("0.999")
    assert (found["order_latency_p99"].at_most_s, found["order_latency_p99"].target) == (
        0.1,
        Fraction("0.99"),
    )
    assert found["order_latency_p99"].good == "orders answered within 100 ms"
    assert found["exactly_once"] in DEFAULT_SLOS


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "[availability]\ntarget_percent = 120",
            "[availability]: availability: a target of 120 % is above 100 %",
        ),
        ("[uptime]\ntarget_percent = 0", "[uptime]: uptime: a target of 0 % promises nothing"),
        ("[uptime]\ntarget_percent = 'all'", "[uptime]: target_percent: 'all' is no number"),
        ("[uptime]\ntarget_percent = true", "[uptime]: target_percent: True is no number"),
        ("[uptime]\ntarget_percent = nan", "[uptime]: target_percent: nan is no number"),
        ("[uptime]\nat_most_ms = 5", "[uptime]: at_most_ms: this objective is not about a duration"),
        (
            "[order_latency_p50]\nat_most_ms = 7",
            "[order_latency_p50]: at_most_ms: 7 is not counted up to; one of 1",
        ),
        (
            "[uptime]\ntarget = 5",
            "[uptime]: target: there is no such field; there are target_percent, at_most_ms",
        ),
        (
            "[downtime]\ntarget_percent = 5",
            "[downtime]: there is no such objective; there are availability, ",
        ),
        ("uptime = 5", "uptime: it is a table, [uptime]"),
        ("[uptime", "it is no TOML: "),
    ],
)
def test_what_nobody_could_keep_is_refused_naming_the_place(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "slos.toml"
    file.write_text(text)
    with pytest.raises(BadObjective) as refused:
        read_objectives(file)
    assert str(refused.value).startswith(f"{file}: {why}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadObjective, match=r"slos\.toml: it cannot be read \(No such file"):
        read_objectives(tmp_path / "slos.toml")
