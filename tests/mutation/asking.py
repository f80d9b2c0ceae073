"""Which tests are asked about a mutant, and in what order."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from tests.mutation.mutants import Mutant

Rounds = list[tuple[float, list[str]]]

_AT_ONCE = 0.7  # seconds of the quickest tests, most mutants die there
_TESTS = 400


class Noticed:
    """Remembers which test noticed a mutant: it is asked first the next time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._tests: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}

    def by(self, mutant: Mutant, test: str) -> None:
        """Note the test that noticed it."""
        self._tests[self._name(mutant)] = test  # nothing, if none did
        self._file.write_text(json.dumps(self._tests))

    def test(self, mutant: Mutant) -> str:
        """Return the test that noticed it before, or nothing."""
        return self._tests.get(self._name(mutant), "")

    @staticmethod
    def _name(mutant: Mutant) -> str:
        return "|".join((mutant.file, *mutant.change()))


class Asking:
    """What the measured tests touch: ``seconds`` of each test, and the tests of each line of each file."""

    def __init__(self, folder: Path, patience: float, noticed: Noticed) -> None:
        self._patience = patience
        self._noticed = noticed
        self._seconds: dict[str, float] = {}
        self._lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for file in sorted(folder.glob("*.json")):
            measured = json.loads(file.read_text())
            self._seconds.update(measured["seconds"])
            for source, lines in measured["lines"].items():
                for line, tests in lines.items():
                    self._lines[source][int(line)].update(tests)

    def rounds(self, mutant: Mutant) -> Rounds:
        """Return the tests to run until one fails: quick ones first, then some of every file."""
        tests = self._touching(mutant) & self._seconds.keys()
        before = tests & {self._noticed.test(mutant)}
        quickest = sorted(tests, key=lambda test: (self._seconds[test], test))
        first = list(self._within(quickest, _AT_ONCE))
        more = self._within(self._some_of_every_file(tests - set(first), mutant.file), self._patience)
        return [
            (sum(self._seconds[test] for test in each), each)
            for each in (list(before), first, list(more))
            if each
        ]

    def _touching(self, mutant: Mutant) -> set[str]:
        lines = self._lines[mutant.file]
        if tests := set[str]().union(*(lines[line] for line in mutant.lines)):
            return tests
        # What is executed on import belongs to whatever uses the file, or what stands beside it.
        if tests := set[str]().union(*lines.values()) - {""}:
            return tests
        beside = [of for file, of in self._lines.items() if Path(file).parent == Path(mutant.file).parent]
        return set[str]().union(*(tests for of in beside for tests in of.values())) - {""}

    def _some_of_every_file(self, tests: set[str], source: str) -> Iterator[str]:
        files = defaultdict(list)
        for test in sorted(tests, key=lambda test: (self._seconds[test], test)):
            files[test.partition("::")[0]].append(test)
        words = set(Path(source).stem.split("_")) | set(Path(source).parent.name.split("_"))
        near = sorted(files, key=lambda file: (-len(words & set(Path(file).stem.split("_"))), file))
        for turn in zip_longest(*(files[file] for file in near)):
            yield from (test for test in turn if test)

    def _within(self, tests: Iterable[str], seconds: float) -> Iterator[str]:
        spent = 0.0
        for number, test in enumerate(tests):
            spent += self._seconds[test]
            if number and (spent > seconds or number >= _TESTS):
                return
            yield test
