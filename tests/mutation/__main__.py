"""``python -m tests.mutation``: what ``make mutants`` does."""

import argparse
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.asking import Asking, Noticed
from tests.mutation.bench import Bench, digest, tried_on
from tests.mutation.draws import Draws, told
from tests.mutation.folders import FOLDERS
from tests.mutation.mutants import Mutant, drawn, mutants_of
from tests.mutation.page import Outcome, Score, page

PAGE = Path("docs/mutants.md")
EQUIVALENT = Path("tests/mutation/equivalent.toml")
DRAWS = Path("tests/mutation/draws.json")
AIM = 0.9


def main() -> None:
    """Draw mutants, try them, write the page; fail if too many live."""
    given = _arguments()
    kept = Path(".mutants").absolute()
    measured = (given.measured or kept / digest()).absolute()
    here, unchanged = Path.cwd(), Bench()
    draws = Draws(here / DRAWS)
    benches = [Bench() for _ in range(given.processes)]
    os.chdir(unchanged.folder)  # so that work can go on where it is checked out
    try:
        if not measured.exists():
            unchanged.measure(measured, given.processes)
        asking = Asking(measured, given.patience, Noticed(kept / "noticed.json"))
        scores = []
        for score in _scores(given, benches, asking):
            scores.append(score)
            if tuple(given.folders) == FOLDERS:
                if len(scores) == len(FOLDERS) and not given.all:
                    draws.note(given.seed, given.number, scores)
                first = told(draws.all())
                (here / PAGE).write_text(page(scores, everything=given.all, seed=given.seed, first=first))
    finally:
        os.chdir(here)
        for bench in (unchanged, *benches):
            bench.close()
    below = [score.folder for score in scores if score.share < AIM]
    sys.exit(f"less than {AIM:.0%} are noticed in {', '.join(below)}" if below else 0)


def _scores(given: argparse.Namespace, benches: list[Bench], asking: Asking) -> Iterator[Score]:
    reasons = _reasons()
    for folder in given.folders:
        mutants = mutants_of(folder)
        chosen = [
            (each, each.change()) for each in drawn(mutants, None if given.all else given.number, given.seed)
        ]
        why = {
            each: reasons.get((each.file, *change)) or reasons.get(("", *change)) for each, change in chosen
        }
        known = [(each, change) for each, change in chosen if why[each]]
        others = [(each, change) for each, change in chosen if not why[each]]
        before = {each: "" if given.again else asking.noticed.still(each) for each, _ in others}
        tried = [(each, change) for each, change in others if not before[each]]
        _control(benches, asking, [each for each, _ in tried[:1]])
        outcomes = tried_on(benches, [(each.file, each.code(), asking.rounds(each)) for each, _ in tried])
        score = Score(folder, len(mutants))
        score.outcomes.extend(Outcome(each, change, "", why[each] or "") for each, change in known)
        score.outcomes.extend(
            Outcome(each, change, before[each], "") for each, change in others if before[each]
        )
        for (each, change), outcome in zip(tried, outcomes, strict=True):
            score.outcomes.append(Outcome(each, change, outcome["by"], ""))
            asking.noticed.by(each, outcome["by"])
            _tell(score.outcomes[-1])
        print(f"{folder}: {score.share:.1%} of {len(others)}", flush=True)
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
    """Return why mutants are equivalent, by file (none: in any), the line and what it becomes."""
    noted = tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])
    return {(each.get("file", ""), each["is"], each["becomes"]): each["because"] for each in noted}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "folders", nargs="*", default=list(FOLDERS), help="of those that are mutated; all by default"
    )
    parser.add_argument("--number", type=int, default=40, help="of mutants in each folder, drawn by chance")
    parser.add_argument("--all", action="store_true", help="every mutant: a day's work")
    parser.add_argument("--again", action="store_true", help="those too that were noticed before")
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
