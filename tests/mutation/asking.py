"""Which tests are asked about a mutant, and in what order."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import zip_longest
from pathlib import Path

from tests.mutation.mutants import Mutant

Rounds = list[tuple[float, list[str]]]

_AT_ONCE = 0.7  # seconds of the quickest tests, most mutants die there
_TESTS = 400


class Noticed:
    """Remembers what noticed a mutant: while neither its file nor the test changes, it would do so again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._noticed: dict[str, tuple[str, str]] = json.loads(file.read_text()) if file.exists() else {}

    def by(self, mutant: Mutant, what: str) -> None:
        """Note what noticed it; nothing, if nothing did."""
        self._noticed[_name(mutant)] = what, _digest(mutant, what)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._noticed))

    def before(self, mutant: Mutant) -> str:
        """Return what noticed it the last time, be it as it was or not; nothing, if nothing did."""
        return self._noticed.get(_name(mutant), ("", ""))[0]

    def still(self, mutant: Mutant) -> str:
        """Return what noticed it if that is as it was; nothing, if it has to be tried."""
        what, digest = self._noticed.get(_name(mutant), ("", ""))
        return what if digest == _digest(mutant, what) else ""


def _name(mutant: Mutant) -> str:
    return "|".join((mutant.file, *mutant.change()))


def _digest(mutant: Mutant, what: str) -> str:
    """Return a name of a mutant's file and that of the test that noticed it."""
    found, test = blake2b(Path(mutant.file).read_bytes(), digest_size=8), Path(what.partition("::")[0])
    if test.is_file():
        found.update(test.read_bytes())
    return found.hexdigest()


class Asking:
    """What the measured tests touch: ``seconds`` of each test, and the tests of each line of each file."""

    def __init__(self, folder: Path, patience: float, noticed: Noticed) -> None:
        self._patience = patience
        self.noticed = noticed
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
        before = tests & {self.noticed.before(mutant)}
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
        # What is executed on import belongs to whatever uses the file or has its name, or what stands beside
        # it: there the domain describes what is written, which the tests of the schemas read.
        file = f"test_{Path(mutant.file).stem}.py"
        named = {test for test in self._seconds if Path(test.partition("::")[0]).name == file}
        if tests := set[str]().union(*lines.values()) - {""}:
            return tests | named
        beside = [of for file, of in self._lines.items() if Path(file).parent == Path(mutant.file).parent]
        described = {test for test in self._seconds if test.startswith("tests/unit/event_schemas/")}
        return named | described.union(*(tests for of in beside for tests in of.values())) - {""}

    def _some_of_every_file(self, tests: set[str], source: str) -> Iterator[str]:
        """Yield tests of the source's own folder, then one of every file, the next one, and so on."""
        files = defaultdict(list)
        for test in sorted(tests, key=lambda test: (self._seconds[test], test)):
            files[test.partition("::")[0]].append(test)
        words = set(Path(source).stem.split("_")) | set(Path(source).parent.name.split("_"))
        near = sorted(files, key=lambda file: (-len(words & set(Path(file).stem.split("_"))), file))
        own = [test for file in near if Path(file).parent.name in Path(source).parts for test in files[file]]
        first = dict.fromkeys(self._within(own, self._patience / 2))
        yield from first
        for turn in zip_longest(*(files[file] for file in near)):
            yield from (test for test in turn if test and test not in first)

    def _within(self, tests: Iterable[str], seconds: float) -> Iterator[str]:
        spent = 0.0
        for number, test in enumerate(tests):
            spent += self._seconds[test]
            if number and (spent > seconds or number >= _TESTS):
                return
            yield test
