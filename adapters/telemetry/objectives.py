"""Reads objectives from a file: other targets than the usual ones."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from application.slo.objectives import DEFAULT_SLOS, FRESHNESS, ORDER_P50, ORDER_P99, SLO, BadObjective
from application.watching.traffic import LATENCY_S
from projections.running.progress import BEHIND_S

BOUNDS: Mapping[str, Sequence[float]] = {
    ORDER_P50.name: LATENCY_S,
    ORDER_P99.name: LATENCY_S,
    FRESHNESS.name: BEHIND_S,
}
"""The durations that are counted up to, in seconds, for each objective that is about one."""

_MS_PER_S = 1_000
_FIELDS = ("target_percent", "at_most_ms")


def read_objectives(path: Path | None) -> Sequence[SLO]:
    """Return the objectives of a file, the usual ones where it names none.

    Raises :class:`BadObjective` that names the file and the place in it.
    """
    if path is None:
        return DEFAULT_SLOS
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise BadObjective(f"{path}: it cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise BadObjective(f"{path}: it is no TOML: {error}") from error
    known = {slo.name: slo for slo in DEFAULT_SLOS}
    for name, fields in document.items():
        if name not in known:
            raise BadObjective(f"{path}: [{name}]: there is no such objective; there are {', '.join(known)}")
        if not isinstance(fields, dict):
            raise BadObjective(f"{path}: {name}: it is a table, [{name}]")
        try:
            known[name] = _changed(known[name], fields)
        except BadObjective as error:
            raise BadObjective(f"{path}: [{name}]: {error}") from None
    return list(known.values())


def _changed(slo: SLO, fields: Mapping[str, Any]) -> SLO:
    for field in fields:
        if field not in _FIELDS:
            raise BadObjective(f"{field}: there is no such field; there are {', '.join(_FIELDS)}")
    if "target_percent" in fields:
        slo = replace(slo, target=_number(fields["target_percent"], "target_percent") / 100)
    if "at_most_ms" in fields:
        slo = _bounded(slo, _number(fields["at_most_ms"], "at_most_ms"))
    return slo


def _bounded(slo: SLO, at_most_ms: Fraction) -> SLO:
    bounds = BOUNDS.get(slo.name)
    if bounds is None:
        raise BadObjective("at_most_ms: this objective is not about a duration")
    for bound in bounds:
        if Fraction(str(bound)) * _MS_PER_S == at_most_ms:
            good = slo.good.replace(_ms(slo.at_most_s or 0.0), _ms(bound))
            return replace(slo, at_most_s=bound, good=good)
    counted = ", ".join(_ms(bound).removesuffix(" ms") for bound in bounds)
    raise BadObjective(f"at_most_ms: {float(at_most_ms):g} is not counted up to; one of {counted}")


def _number(value: object, field: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadObjective(f"{field}: {value!r} is no number")
    try:
        return Fraction(str(value))
    except ValueError:
        raise BadObjective(f"{field}: {value!r} is no number") from None


def _ms(seconds: float) -> str:
    return f"{seconds * _MS_PER_S:g} ms"
