"""``python -m tests.mutation``: what ``make mutants`` does."""

import argparse
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.asking import Asking, Noticed
from tests.mutation.bench import Bench, digest, tried_on
from tests.mutation.folders import FOLDERS
from tests.mutation.mutants import Mutant, drawn, mutants_of
from tests.mutation.page import Outcome, Score, page

PAGE = Path("docs/mutants.md")
EQUIVALENT = Path("tests/mutation/equivalent.toml")
AIM = 0.9


def main() -> None:
    """Draw mutants, try them, write the page; fail if too many live."""
    given = _arguments()
    benches = [Bench() for _ in range(given.processes)]
    try:
        scores = list(_scores(given, benches))
    finally:
        for bench in benches:
            bench.close()
    if tuple(given.folders) == FOLDERS:
        PAGE.write_text(page(scores, everything=given.all, seed=given.seed))
    below = [score.folder for score in scores if score.share < AIM]
    sys.exit(f"less than {AIM:.0%} are noticed in {', '.join(below)}" if below else 0)


def _scores(given: argparse.Namespace, benches: list[Bench]) -> Iterator[Score]:
    measured = given.measured or Path(".mutants") / digest()
    if not measured.exists():
        benches[0].measure(measured.absolute(), given.processes)
    noticed = Noticed(Path(".mutants/noticed.json"))
    asking = Asking(measured, given.patience, noticed)
    reasons = _reasons()
    for folder in given.folders:
        mutants = mutants_of(folder)
        chosen = [
            (each, each.change()) for each in drawn(mutants, None if given.all else given.number, given.seed)
        ]
        known = [(each, change) for each, change in chosen if (each.file, *change) in reasons]
        tried = [(each, change) for each, change in chosen if (each.file, *change) not in reasons]
        _control(benches, asking, [each for each, _ in tried[:1]])
        outcomes = tried_on(benches, [(each.file, each.code(), asking.rounds(each)) for each, _ in tried])
        score = Score(folder, len(mutants))
        score.outcomes.extend(
            Outcome(each, change, "", reasons[each.file, *change]) for each, change in known
        )
        for (each, change), outcome in zip(tried, outcomes, strict=True):
            score.outcomes.append(Outcome(each, change, outcome["by"], ""))
            noticed.by(each, outcome["by"])
            _tell(score.outcomes[-1])
        print(f"{folder}: {score.share:.1%} of {len(tried)}", flush=True)
        yield score


def _control(benches: list[Bench], asking: Asking, mutants: list[Mutant]) -> None:
    """Make sure that nothing fails where nothing was changed."""
    unchanged = [(each.file, Path(each.file).read_text(), asking.rounds(each)) for each in mutants]
    for outcome in tried_on(benches, unchanged):
        if outcome["outcome"] != "survived":
            sys.exit(f"fails without any change: {outcome['by']}")


def _tell(outcome: Outcome) -> None:
    what = f"noticed by {outcome.by}" if outcome.by else "SURVIVED"
    print(
        f"{outcome.mutant.file}:{outcome.mutant.line} {outcome.change[0]}  ->  {outcome.change[1]}: {what}",
        flush=True,
    )


def _reasons() -> dict[tuple[str, str, str], str]:
    """Return why mutants are equivalent, by file, the line and what it becomes."""
    noted = tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])
    return {(each["file"], each["is"], each["becomes"]): each["because"] for each in noted}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "folders", nargs="*", default=list(FOLDERS), help="of those that are mutated; all by default"
    )
    parser.add_argument("--number", type=int, default=40, help="of mutants in each folder, drawn by chance")
    parser.add_argument("--all", action="store_true", help="every mutant: a day's work")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--patience", type=float, default=20, help="seconds of tests that are asked about each"
    )
    parser.add_argument(
        "--measured", type=Path, help="what the tests touch, of a run before; measured anew by default"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
