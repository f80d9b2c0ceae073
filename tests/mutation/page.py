"""The page ``docs/mutants.md``."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.mutation.mutants import Mutant


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mutant and the test that noticed it, or why none can."""

    mutant: Mutant
    change: tuple[str, str]
    by: str
    because: str


@dataclass(frozen=True, slots=True)
class Score:
    """What became of the mutants of a folder."""

    folder: str
    mutants: int
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def equivalent(self) -> list[Outcome]:
        return [each for each in self.outcomes if each.because]

    @property
    def survived(self) -> list[Outcome]:
        return [each for each in self.outcomes if not each.because and not each.by]

    @property
    def killed(self) -> int:
        return sum(1 for each in self.outcomes if each.by)

    @property
    def share(self) -> float:
        """The share that tests notice of what can be noticed."""
        return self.killed / max(self.killed + len(self.survived), 1)


def page(scores: Iterable[Score], *, everything: bool, seed: int, first: str = "") -> str:
    """Return the page; ``first`` is the table of what fresh draws found."""
    return "\n".join(_lines(list(scores), everything=everything, seed=seed, first=first)) + "\n"


def _lines(scores: list[Score], *, everything: bool, seed: int, first: str) -> Iterator[str]:
    yield _HEAD
    yield "All of them were tried." if everything else f"They were drawn by chance, with the seed {seed}."
    yield "\n| folder | mutants | tried | noticed | equivalent | survived | noticed of what can be |"
    yield "|---|---|---|---|---|---|---|"
    for score in scores:
        yield (
            f"| `{score.folder}/` | {score.mutants} | {len(score.outcomes)} | {score.killed} |"
            f" {len(score.equivalent)} | {len(score.survived)} | {score.share:.1%} |"
        )
    if first:
        yield f"\n{_FIRST}\n\n{first}"
    yield "\n## By what was done\n\n| change | tried | survived |\n|---|---|---|"
    yield from _by_operator(scores)
    yield "\n## Survivors\n"
    survived = [each for score in scores for each in score.survived]
    yield from (f"- {_told(each)}" for each in survived) if survived else ["None."]
    yield "\n## Equivalent\n\nNo test can notice these; each for its reason.\n"
    yield from (f"- {_told(each)}. {each.because}" for score in scores for each in score.equivalent)


def _by_operator(scores: list[Score]) -> Iterator[str]:
    possible = [each for score in scores for each in score.outcomes if not each.because]
    for name in sorted({each.mutant.operator for each in possible}):
        of = [each for each in possible if each.mutant.operator == name]
        yield f"| {name} | {len(of)} | {sum(1 for each in of if not each.by)} |"


def _told(outcome: Outcome) -> str:
    before, after = outcome.change
    return f"`{outcome.mutant.file}`: ``{before}`` becomes ``{after}``"


_HEAD = """\
# Mutants

`make mutants` wrote this page. It changes one place of the code at a time, as a person would get it wrong,
and runs tests that execute the place until one fails. [cosmic-ray](https://cosmic-ray.readthedocs.io) makes
the changes, and three kinds are our own: neighbours swapped, a statement forgotten, a condition forgotten
(`tests/mutation/operators.py`). [Decision 8](decisions/0008-mutants-are-drawn.md) says how it is done and
what is left out.

```
make mutants                                  # some of each folder, drawn by chance: half an hour
make mutants MUTANTS="--number 200 domain"    # more of one folder; the page is written for all of them only
make mutants MUTANTS=--all                    # every one: a day
```

Something that no test can notice is *equivalent*; `tests/mutation/equivalent.toml` says why. What is left are
*survivors*: each is a test that is missing. The command fails if less than 90 % are noticed in a folder.
"""

_FIRST = """\
## Fresh draws

What a draw shows is mended, so a later run with its seed finds little. What the tests are worth shows when a
seed is drawn for the first time, which is kept in `tests/mutation/draws.json`: how many were noticed of those
that can be ([decision 53](decisions/0053-a-draw-counts-the-first-time.md))."""
