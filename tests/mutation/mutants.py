"""The mutants of a folder, and which of them are tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from parso.tree import NodeOrLeaf

from tests.mutation.operators import OPERATORS, is_declared


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file. ``lines`` are those of its statement, empty for what is executed on import."""

    file: str
    operator: str
    occurrence: int
    line: int
    lines: range

    def chance(self, seed: int) -> bytes:
        """Return where it stands in the order in which mutants are drawn."""
        name = f"{seed}:{self.file}:{self.operator}:{self.occurrence}"
        return blake2b(name.encode(), digest_size=8).digest()

    def code(self) -> str:
        """Return the file, changed."""
        return _changed(self.file, self.operator, self.occurrence)

    def change(self) -> tuple[str, str]:
        """Return the lines that are different: as they are, and as they are in the mutant."""
        ours, theirs = Path(self.file).read_text().splitlines(), self.code().splitlines()
        before = _alike(ours, theirs)
        after = min(_alike(ours[::-1], theirs[::-1]), min(len(ours), len(theirs)) - before)
        return tuple(" ".join(" ".join(each[before : len(each) - after]).split()) for each in (ours, theirs))


def mutants_of(folder: str) -> list[Mutant]:
    """Return every mutant of a folder, in the order of its files."""
    return [each for file in sorted(Path(folder).rglob("*.py")) for each in _of_file(file)]


def drawn(mutants: list[Mutant], number: int | None, seed: int) -> list[Mutant]:
    """Return so many of them by chance, the same for the same seed; all of them if no number is given."""
    return sorted(mutants, key=lambda each: each.chance(seed))[:number]


def _of_file(file: Path) -> Iterator[Mutant]:
    nodes = [(node, is_declared(node)) for node in ast_nodes(get_ast(file.read_text()))]
    for name, operator in OPERATORS.items():
        occurrence = -1
        for node, declared in nodes:
            for start, _ in operator.mutation_positions(node):
                occurrence += 1
                if not declared:
                    yield Mutant(str(file), name, occurrence, start[0], _executed(node))


def _executed(node: NodeOrLeaf) -> range:
    """Return the lines of the statement, as far as its first line of a body; none outside of functions."""
    lines = range(0)
    while node.parent is not None:
        if node.type == "funcdef":
            return lines or range(node.start_pos[0] + 1, node.end_pos[0] + 1)
        if not lines and (node.type.endswith("_stmt") or node.parent.type == "suite"):
            last = next(
                (c.start_pos[0] for c in node.children if c.type == "suite"),
                node.end_pos[0] - (not node.end_pos[1]),
            )
            lines = range(node.start_pos[0], last + 1)
        node = node.parent
    return range(0)


@lru_cache(maxsize=1_000)
def _changed(file: str, operator: str, occurrence: int) -> str:
    changed = mutate_code(Path(file).read_text(), OPERATORS[operator], occurrence)
    assert changed is not None
    return str(changed)


def _alike(ours: list[str], theirs: list[str]) -> int:
    return next(
        (at for at, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other), len(ours)
    )
