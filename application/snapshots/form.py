"""How the state of an aggregate is put down as plain data and made again from it."""

import ast
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from application.ports.snapshots import Document

State = TypeVar("State")

LINES = 200
"""How many lines are hashed before others get their turn."""


@dataclass(frozen=True, kw_only=True)
class Form(Generic[State]):
    """The form in which one kind of state is kept.

    ``capture`` copies a state; it is quick, because nothing may change meanwhile. ``rebuild`` makes the
    state again, step by step. ``facts`` yields the lines that the state's digest is the hash of, from the
    document alone. ``size`` counts what makes a state large: open orders and the like. ``code`` is every
    module whose change may change what the document means. ``history`` says whether older snapshots are kept,
    spread over the life of the stream.
    """

    capture: Callable[[State], Document]
    rebuild: Callable[[Document], Generator[None, None, State]]
    facts: Callable[[Document], Iterator[str]]
    size: Callable[[State], int]
    code: tuple[ModuleType, ...]
    history: bool

    @cached_property
    def schema(self) -> str:
        """A hash of the code, comments apart: what other code made is not read."""
        digest = sha256()
        for module in self.code:
            digest.update(_statements(module).encode())
        return digest.hexdigest()[:16]


def _statements(module: ModuleType) -> str:
    """Return what a module says to the interpreter: comments, layout and docstrings do not count."""
    tree = ast.parse(Path(str(module.__file__)).read_bytes())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [part for part in body if not _is_text(part)]
    return ast.dump(tree)


def _is_text(part: ast.AST) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)


def digesting(facts: Iterator[str]) -> Generator[None, None, str]:
    """Return the digest of the state that some facts describe, working in steps."""
    digest, between = sha256(), b""
    for number, fact in enumerate(facts, 1):
        digest.update(between + fact.encode())
        between = b"\n"
        if number % LINES == 0:
            yield
    return digest.hexdigest()
