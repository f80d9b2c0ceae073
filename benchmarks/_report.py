"""Writes ``docs/performance.md`` from what ``presage bench`` measures: ``python -m benchmarks._report``."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import benchmarks

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"

SIZES = {"orders": 150_000, "past": 1_000_000}
"""How much where the question is what becomes of it in the long run; the others have a size of their own."""

HEAD = """# Performance

What `presage bench NAME` measured, written by `make performance`. Numbers from another machine, or from the
same one while it is busy, differ; the ratios to what ran beside them in the same run differ less.

Measured {when} with Python {python} on {cpus} processors ({machine}).
"""


def main() -> None:
    """Run the benchmarks that are named, or all, and write the page."""
    names = sys.argv[1:] or [
        module.name for module in iter_modules(benchmarks.__path__) if not module.name.startswith("_")
    ]
    page = [
        HEAD.format(
            when=f"{datetime.now(UTC):%Y-%m-%d}",
            python=platform.python_version(),
            cpus=cpu_count(),
            machine=platform.machine(),
        )
    ]
    for name in names:
        sys.stderr.write(f"{name} ...\n")
        page.extend(_section(_measure(name)))
    PAGE.write_text("\n".join(page))


def _measure(name: str) -> dict[str, Any]:
    presage = Path(sys.executable).with_name("presage")
    size = ["--n", str(SIZES[name])] if name in SIZES else []
    done = subprocess.run([presage, "bench", name, *size, "--json"], check=True, capture_output=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _section(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## {result['bench']}\n"
    yield f"n = {result['n']:,}; {_told(result['conditions'])}\n"
    yield "| whose | what | measured |\n|---|---|---|"
    for whose, numbers in (
        ("Presage", result["ours"]),
        *result["peers"].items(),
        ("ratio", result["ratios"]),
    ):
        for what, value in _flat(numbers):
            yield f"| {whose} | {what} | {value:,} |" if _number(value) else f"| {whose} | {what} | {value} |"
    yield ""


def _told(conditions: Mapping[str, Any]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in conditions.items())


def _flat(numbers: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name} ")
        else:
            yield f"{above}{name}".replace("_", " "), value


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


if __name__ == "__main__":
    main()
