"""Draws what the code is made of into the README and ``docs/map.md``: ``python -m adapters.map_of_the_code``.

A room is a package within one of the packages at the top; what is said of it is the first line of its own
docstring, and an arrow is an import.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).parents[1]
README, MAP = ROOT / "README.md", ROOT / "docs" / "map.md"
BEGIN, END = "<!-- made by `make map` -->\n", "<!-- until here -->\n"

PACKAGES = ("presage", "benchmarks", "adapters", "projections", "application", "domain")
"""From the outside to the inside."""


def rooms(package: str) -> dict[str, str]:
    """Return the rooms of a package, and what each says of itself."""
    return {path.parent.name: _about(path) for path in sorted((ROOT / package).glob("*/__init__.py"))}


def _about(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


def arrows() -> list[tuple[str, str]]:
    """Return which package imports which, but for what follows from other arrows."""
    imported = {package: {other for other in _imports(package) if other != package} for package in PACKAGES}
    return [
        (package, other)
        for package in PACKAGES
        for other in PACKAGES
        if other in imported[package]
        and not any(other in imported[between] for between in imported[package] - {other})
    ]


def _imports(package: str) -> Iterator[str]:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                name = node.module.partition(".")[0]
                if name in PACKAGES:
                    yield name


def picture() -> str:
    """Return the packages, their rooms and what they import as a Mermaid diagram."""
    lines = ["flowchart TB"]
    for package in PACKAGES:
        within = "<br>".join(wrap(" · ".join(rooms(package)), 60))
        lines.append(f'    {package}["<b>{package}</b><br>{within}"]')
    lines += [f"    {package} --> {other}" for package, other in arrows()]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def tables() -> str:
    """Return every room with what it says of itself."""
    parts = []
    for package in PACKAGES:
        parts.append(f"## {package}\n\n{_about(ROOT / package / '__init__.py')}\n")
        if rooms(package):
            rows = [f"| `{package}/{room}` | {about} |" for room, about in rooms(package).items()]
            parts.append("\n".join(["| room | what is in it |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def drawn(page: str, what: str) -> str:
    """Return a document with something between the marks as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{what}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(drawn(README.read_text(), picture()))
    MAP.write_text(drawn(MAP.read_text(), tables()))
