"""A pytest plugin that writes down which test executes which lines, and how long each test takes."""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

from tests.mutation.folders import FOLDERS

WHERE = "PRESAGE_TOUCHED"


class Touched:
    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{os.getpid()}.json"
        self._coverage = Coverage(
            data_file=None, include=[f"{each}/*" for each in FOLDERS], config_file=False
        )
        self._seconds: dict[str, float] = defaultdict(float)
        self._failed: set[str] = set()

    def pytest_collection_finish(self) -> None:
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            str(Path(file).relative_to(Path.cwd())): {
                str(line): sorted(tests) for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        passed = {test: took for test, took in self._seconds.items() if test not in self._failed}
        self._file.write_text(json.dumps({"seconds": passed, "lines": lines}))


def pytest_configure(config: pytest.Config) -> None:
    # With xdist the workers measure; the process that hands out the tests executes none.
    if folder := os.environ.get(WHERE):
        if config.getoption("numprocesses", None):
            return
        config.pluginmanager.register(Touched(Path(folder)))
