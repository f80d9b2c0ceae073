"""Tries mutants in a copy of the repository: for each the file is changed, and tests run in a child process.

What is heavy to import and not ours is imported once, before the forks, and no collector of a child goes
through it. A child that takes too long, or too much memory, is one that noticed.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest

_HEAVY = (
    "alembic", "anyio.pytest_plugin", "cryptography.hazmat.primitives.asymmetric.rsa", "httptools", "httpx",
    "hypothesis.stateful", "msgspec", "orjson", "psycopg", "pydantic", "pytest_asyncio.plugin",
    "redis.asyncio", "rich", "sqlalchemy", "starlette.applications", "typer", "uvicorn",
)  # fmt: skip
_GIVEN = (
    "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "faulthandler_timeout=0",
    "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning",
)  # fmt: skip
# A test that is not there any more has not noticed anything.
_NOTHING_NOTICED = {pytest.ExitCode.OK, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED}
_MEMORY = 6 << 30
_STARTING = 8.0  # seconds for importing the tests
_SLOWER = 4.0
_TOO_LONG = "the time it took"


class _Noticed:
    """A pytest plugin that remembers what failed first, a test or its import, and whether it came so far."""

    def __init__(self) -> None:
        self.by = ""
        self.began = False

    def pytest_sessionstart(self) -> None:
        self.began = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.pytest_runtest_logreport(report)

    def pytest_runtest_logreport(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if report.failed:
            self.by = self.by or report.nodeid


def main() -> None:
    """Try what comes as lines of JSON, one after the other, and answer each with a line."""
    with contextlib.suppress(ImportError):
        for module in _HEAVY:
            import_module(module)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_try(Path(asked["file"]), asked["code"], asked["rounds"])), flush=True)


def _try(file: Path, code: str, rounds: Sequence[tuple[float, list[str]]]) -> dict[str, str]:
    before = file.read_text()
    try:
        for seconds, tests in rounds:
            if by := _noticed(file, code, tests, _SLOWER * (_STARTING + seconds)):
                return {"outcome": "killed", "by": by}
        return {"outcome": "survived", "by": ""}
    finally:
        _write(file, before)


def _noticed(file: Path, code: str, tests: list[str], patience: float) -> str:
    """Return what noticed the code in the file's place, if something did."""
    before = file.read_text()
    while True:
        _write(file, code)
        by = _run(tests, patience)
        _write(file, before)
        if by != _TOO_LONG:
            return by
        # Where much else is going on everything takes longer, and that proves nothing.
        began = time.monotonic()
        _run(tests, 100 * patience)
        usual = _SLOWER * (time.monotonic() - began)
        if usual <= patience:
            return by
        patience = usual


def _write(file: Path, code: str) -> None:
    """Write a file so that no compiled form of another version is taken for it."""
    file.write_text(code)
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        compiled.unlink()


def _run(tests: list[str], patience: float) -> str:
    """Return which test failed, or that it took too long; nothing if all passed in time."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        os.close(reading)
        _child(tests, writing)
    os.close(writing)
    until = time.monotonic() + patience
    while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < until:
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with os.fdopen(reading) as told:
        if not ended[0]:
            os.waitpid(child, 0)
            return _TOO_LONG
        if os.waitstatus_to_exitcode(ended[1]) in _NOTHING_NOTICED:
            return ""
        return told.read() or "a crash"


def _child(tests: list[str], writing: int) -> None:
    code = 3
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        noticed = _Noticed()
        ended = pytest.main([*_GIVEN, *tests], plugins=[noticed])
        # Where a test, or what tests share, cannot be imported, pytest says the same as of one that is gone.
        fit = noticed.began and not noticed.by
        code = int(ended if fit else pytest.ExitCode.TESTS_FAILED)
        os.write(writing, noticed.by.encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
