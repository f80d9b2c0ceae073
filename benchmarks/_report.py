"""Writes ``docs/performance.md`` from what ``presage bench`` measures: ``python -m benchmarks._report``.

With names, only the sections of those benchmarks are written anew.
"""

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

SIZES = {"orders": 200_000, "past": 1_000_000}
"""How much where the question is what becomes of it in the long run; the others have a size of their own."""

HEAD = """# Performance

What `presage bench NAME` measured, written by `make performance`. Numbers from another machine, or from the
same one while it is busy, differ; the ratios to what ran beside them in the same run differ less.

With Python {python} on {cpus} processors ({machine}).
"""


def main() -> None:
    """Run the benchmarks that are named, or all, and write the page."""
    names = [module.name for module in iter_modules(benchmarks.__path__) if not module.name.startswith("_")]
    sections = _sections() if sys.argv[1:] else {}
    for name in sys.argv[1:] or names:
        sys.stderr.write(f"{name} ...\n")
        sections[name] = "\n".join(_section(_measure(name)))
    head = HEAD.format(python=platform.python_version(), cpus=cpu_count(), machine=platform.machine())
    PAGE.write_text("\n".join([head, *(sections[name] for name in names if name in sections)]))


def _sections() -> dict[str, str]:
    """Return the sections that the page has."""
    parts = PAGE.read_text().split("\n## ")[1:]
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


def _measure(name: str) -> dict[str, Any]:
    presage = Path(sys.executable).with_name("presage")
    size = ["--n", str(SIZES[name])] if name in SIZES else []
    done = subprocess.run([presage, "bench", name, *size, "--json"], check=True, capture_output=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _section(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {result['bench']}\n"
    yield f"{datetime.now(UTC):%Y-%m-%d}, n = {result['n']:,}; {_told(result['conditions'])}\n"
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
