"""The mutants are the mistakes that people make, and they are tried in copies only."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray", reason="`make mutants` installs it")

from tests.mutation.draws import Draws, told
from tests.mutation.mutants import drawn, mutants_of
from tests.mutation.page import Outcome, Score, page

CODE = """\
def f(a: int, *, b: tuple[int, str] = (1, 2)) -> bool:
    if a > 3 and not b:
        g(a, h)
    return a in (a, b)
"""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "code.py").write_text(CODE)
    return str(tmp_path)


def test_each_place_is_changed_to_what_one_mistakes_it_for(folder: str) -> None:
    changes = {each.change()[1] for each in mutants_of(folder)}
    assert {
        "if a >= 3 and not b:",
        "if a > 3:",
        "if not b:",
        "if a > 3 or not b:",
        "g(h, a)",
        "pass",
        "def f(a: int, *, b: tuple[int, str] = (2, 1)) -> bool:",
    } <= changes
    assert not any("str, int" in change or "//, b" in change or "(b, a)" in change for change in changes)


def test_the_same_seed_draws_the_same_ones(folder: str) -> None:
    mutants = mutants_of(folder)
    assert drawn(mutants, 5, 1) == drawn(mutants[::-1], 5, 1) != drawn(mutants, 5, 2)
    assert len(drawn(mutants, None, 1)) == len(mutants)


def test_a_mutant_knows_the_lines_of_its_statement(folder: str) -> None:
    lines = {each.change()[1]: each.lines for each in mutants_of(folder)}
    assert 2 in lines["if a > 3:"]
    assert 4 not in lines["g(h, a)"]


def test_the_share_is_of_those_that_can_be_noticed(folder: str) -> None:
    mutants = mutants_of(folder)[:4]
    outcomes = [
        Outcome(each, each.change(), by, "") for each, by in zip(mutants, ("t", "t", "", ""), strict=True)
    ]
    outcomes[3] = Outcome(mutants[3], mutants[3].change(), "", "it is the same")
    score = Score("code", 9, outcomes)
    assert (score.killed, len(score.survived), len(score.equivalent)) == (2, 1, 1)
    assert "| `code/` | 9 | 4 | 2 | 1 | 1 | 66.7% |" in page([score], everything=False, seed=1)


def test_what_a_seed_found_when_it_was_first_drawn_is_kept_and_told(folder: str, tmp_path: Path) -> None:
    mutant = mutants_of(folder)[0]
    draws = Draws(tmp_path / "draws.json")
    for by in ("", "a test that was written then"):
        score = Score("domain", 9, [Outcome(mutant, mutant.change(), found, "") for found in ("t", by)])
        draws.note(7, 2, [score])
    draws.note(8, 2, [score])
    first, second = told(draws.all()).splitlines()[2:]
    assert first == "| 7 | 2 | 1 of 2, 50.0% |" + "  |" * 5
    assert second == "| 8 | 2 | 2 of 2, 100.0% |" + "  |" * 5
    shown = page([score], everything=False, seed=8, first=told(draws.all()))
    assert "## Fresh draws" in shown
    assert first in shown


TRIES = """\
import sys
from tests.mutation import trial
trial._HEAVY = ()
trial._STARTING, trial._SLOWER = float(sys.argv[1]), 4.0
trial.main()
"""


@pytest.mark.parametrize("starting_s", [0.001, 8.0])
def test_what_takes_long_has_noticed_only_if_the_unchanged_code_takes_much_less(
    tmp_path: Path, starting_s: float
) -> None:
    (tmp_path / "code_of_ours.py").write_text("def f():\n    return 1\n")
    (tmp_path / "test_code.py").write_text(
        "import code_of_ours as code\n\ndef test_f():\n    assert code.f()\n"
    )
    (tmp_path / "conftest.py").write_text("import code_of_ours\nassert code_of_ours.f\n")
    (tmp_path / "test_g.py").write_text(
        "from code_of_ours import f as g\n\nassert g() < 3\n\ndef test_g():\n    pass\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    rounds = [[0.001, ["test_code.py::test_f"]]]
    changed = ["return 1", "return 2", "return 0", *(["while True: pass"] if starting_s < 1 else [])]
    asked = [
        {"file": "code_of_ours.py", "code": f"def f():\n    {each}\n", "rounds": rounds} for each in changed
    ]
    asked.append({"file": "code_of_ours.py", "code": "raise OSError\n", "rounds": rounds})
    asked.append(
        {"file": "code_of_ours.py", "code": "def f():\n    return 0\n", "rounds": [[1, ["gone.py::test"]]]}
    )
    asked.append(
        {
            "file": "code_of_ours.py",
            "code": "def f():\n    return 3\n",
            "rounds": [[1, ["test_g.py::test_g"]]],
        }
    )
    answered = subprocess.run(
        [sys.executable, "-c", TRIES, str(starting_s)],
        input="".join(json.dumps(each) + "\n" for each in asked),
        capture_output=True,
        check=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    told = [json.loads(line)["by"] for line in answered.stdout.splitlines()]
    assert told[: len(changed)] == ["", "", "test_code.py::test_f", "the time it took"][: len(changed)]
    assert told[len(changed) :] == ["a crash", "", "test_g.py"], "what is not there any more notices nothing"
    assert (tmp_path / "code_of_ours.py").read_text().endswith("return 1\n"), "nothing is left changed"
