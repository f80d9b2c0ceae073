"""What fresh draws found: the figures of a seed's first run, before anything that it showed was mended."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.folders import FOLDERS
from tests.mutation.page import Score


@dataclass(frozen=True, slots=True)
class Draw:
    """So many mutants of each folder, and how many were noticed of those that can be."""

    seed: int
    number: int
    noticed: dict[str, tuple[int, int]]


class Draws:
    """The draws there were, kept beside the tests."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> list[Draw]:
        """Return them, the earliest first."""
        kept = json.loads(self._file.read_text()) if self._file.exists() else []
        return [
            Draw(
                each["seed"],
                each["number"],
                {folder: (of[0], of[1]) for folder, of in each["noticed"].items()},
            )
            for each in kept
        ]

    def note(self, seed: int, number: int, scores: Sequence[Score]) -> None:
        """Keep what a draw found. Drawn once more, a seed shows what was mended since: that is not kept."""
        draws = self.all()
        if seed in {draw.seed for draw in draws}:
            return
        found = {score.folder: (score.killed, score.killed + len(score.survived)) for score in scores}
        draws.append(Draw(seed, number, found))
        lines = ",\n".join(
            f"  {json.dumps({'seed': d.seed, 'number': d.number, 'noticed': d.noticed})}" for d in draws
        )
        self._file.write_text(f"[\n{lines}\n]\n")


def told(draws: Iterable[Draw]) -> str:
    """Return the draws as a table."""
    lines = ["| seed | of each | " + " | ".join(f"`{folder}/`" for folder in FOLDERS) + " |"]
    lines.append("|---" * (len(FOLDERS) + 2) + "|")
    for draw in draws:
        shares = (draw.noticed.get(folder) for folder in FOLDERS)
        cells = ["" if of is None else f"{of[0]} of {of[1]}, {of[0] / max(of[1], 1):.1%}" for of in shares]
        lines.append(f"| {draw.seed} | {draw.number} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
