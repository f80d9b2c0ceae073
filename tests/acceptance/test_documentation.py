"""What the documents show works: their commands and their Python are run as they stand.

A block of ``bash`` or ``python`` is run; what is not to be run stands in a block without a language.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.in_a_cluster import environment_of
from tests.acceptance.presage_process import PRESAGE, running_server

ROOT = Path(__file__).parents[2]
USUAL_URL = "http://127.0.0.1:8000"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

TESTED_ELSEWHERE = {
    "docs/api.md": "tests/integration/http/test_api_document.py",
    "docs/notices.md": "tests/unit/notices/test_sender.py",
    "docs/events.md": "tests/unit/event_schemas/test_event_documents.py",
}


@contextmanager
def demonstration(folder: Path) -> Iterator[str]:
    with running_server(folder, "--demo") as server:
        yield server.url


@contextmanager
def empty_exchange(folder: Path) -> Iterator[str]:
    with running_server(folder) as server:
        yield server.url


BESIDE: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "README.md": demonstration,
    "docs/feed.md": demonstration,
    "docs/client.md": demonstration,
    "docs/command-line.md": empty_exchange,
    "docs/what-if.md": empty_exchange,
    "docs/sandbox.md": empty_exchange,
}
"""The documents run here, and what runs beside them on the data folder."""


@dataclass(frozen=True)
class Example:
    """A block that can be run, and the line it begins at."""

    language: str
    code: str
    line: int


def examples(document: str) -> list[Example]:
    text = (ROOT / document).read_text()
    return [
        Example(found[1], found[2], text[: found.start()].count("\n") + 1)
        for found in BLOCK.finditer(text)
        if found[1] in ("bash", "python")
    ]


@pytest.mark.parametrize("document", BESIDE)
def test_the_examples_of_a_document_work(document: str, tmp_path: Path) -> None:
    data, here = tmp_path / "data", tmp_path / "here"
    here.mkdir()
    (here / ".venv").symlink_to(PRESAGE.parents[1])
    with BESIDE[document](data) as url:
        for example in examples(document):
            done = subprocess.run(
                [PRESAGE.with_name("python"), "-c", example.code.replace(USUAL_URL, url)]
                if example.language == "python"
                else ["bash", "-euo", "pipefail", "-c", example.code],
                cwd=here,
                env=os.environ
                | environment_of(data)
                | {"PRESAGE_DATA": str(data), "PATH": f"{PRESAGE.parent}{os.pathsep}{os.environ['PATH']}"},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, f"{document}:{example.line}\n{done.stdout}\n{done.stderr}"


def documents() -> list[str]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in pages)


@pytest.mark.parametrize("document", documents())
def test_every_document_with_examples_is_run(document: str) -> None:
    if examples(document):
        assert document in BESIDE or document in TESTED_ELSEWHERE
    if document in TESTED_ELSEWHERE:
        assert Path(document).name in (ROOT / TESTED_ELSEWHERE[document]).read_text()


@pytest.mark.parametrize("document", documents())
def test_links_lead_to_files_and_headings_that_are_there(document: str) -> None:
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", text)):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        path = ((ROOT / document).parent / name).resolve() if name else ROOT / document
        assert path.exists(), f"{document}: {target}"
        if heading:
            anchors = {anchor(title) for title in re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)}
            assert heading in anchors, f"{document}: {target}"


def anchor(title: str) -> str:
    """Return the name that a heading is linked by."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


EXERCISES = (ROOT / "docs" / "exercises.md").read_text()
SOURCE_FOLDERS = ("domain", "application", "projections", "adapters")


def test_the_tables_of_exercises_name_files_and_tests_that_are_there() -> None:
    paths = re.findall(
        r"`((?:domain|application|projections|adapters|tests|docs|benchmarks)/[\w/.-]+)`", EXERCISES
    )
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), path
    for path, name in re.findall(r"`(tests/[\w/.-]+\.py)::(\w+)`", EXERCISES):
        assert f"def {name}(" in (ROOT / path).read_text(), f"{path}::{name}"


def test_every_threat_has_an_answer_and_a_test_that_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    table = text.split("| item | answer | test |")[1].split("\n\n")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) > 15
    for row in rows:
        assert len(row) == 3, row[0]
        tests = re.findall(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`", row[2])
        assert tests, row[0]
        for path, name in tests:
            assert f"def {name}(" in (ROOT / path).read_text() if name else (ROOT / path).exists(), path


def test_every_exercise_has_its_row_with_the_names_that_are_in_the_code() -> None:
    sources = "\n".join(
        path.read_text() for folder in SOURCE_FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))
    )
    table, questions = EXERCISES.split("## Where each question is answered")
    rows = [line.split(" | ") for line in table.splitlines() if re.match(r"\| \d+ ", line)]
    assert rows
    for row in rows:
        assert len(row) == 5, row[0]
        for name in re.findall(r"`(\w+)`", row[1]):
            assert re.search(rf"\b{name}\b", sources) or name in FOREIGN, name
    answers = dict(re.findall(r"^\| (\d+) \|(.*?)(?=^\| \d+ \||\Z)", questions, re.DOTALL | re.MULTILINE))
    for number, letters in LETTERED.items():
        assert {*re.findall(r"\((\w)\)", answers[number])} == {*letters}, number


FOREIGN = {"MarketAggregate", "get_events", "trader_id"}
"""What the exercises call things that have another name here."""

LETTERED = dict.fromkeys(("6", "9", "13", "14", "15", "16", "20"), "abc") | {"23": "abcde"}
"""The exercises with lettered questions that are done, and their letters."""
