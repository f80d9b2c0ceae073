"""Copies of the repository for measuring tests and trying mutants; the checked-out tree is never changed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from queue import SimpleQueue
from tempfile import mkdtemp

from tests.mutation.asking import Rounds
from tests.mutation.folders import NOT_ASKED, TESTS
from tests.mutation.touched import WHERE

Trial = tuple[str, str, Rounds]


class Bench:
    """A copy, with a process that tries what it is given."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(prefix="presage-mutants-"))
        for file in _files():
            copy = self.folder / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)
        self._process: subprocess.Popen[str] | None = None

    def measure(self, into: Path, processes: int) -> None:
        """Run the tests once and write down what each of them touches."""
        into.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                sys.executable, "-m", "pytest", "-p", "tests.mutation.touched", "-p", "no:cacheprovider",
                "-n", str(processes), "--dist", "loadfile", "-k", NOT_ASKED, *TESTS,
            ],
            cwd=self.folder, env=self._environment() | {WHERE: str(into)}, check=False,
        )  # fmt: skip

    def tried(self, file: str, code: str, rounds: Rounds) -> dict[str, str]:
        """Return whether tests notice the code in the file's place."""
        process = self._process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"file": file, "code": code, "rounds": rounds}) + "\n")
        process.stdin.flush()
        return dict(json.loads(process.stdout.readline()))

    def close(self) -> None:
        """End the process and take the copy away."""
        if self._process is not None:
            self._process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.trial"],
            cwd=self.folder, env=self._environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.folder)}


def tried_on(benches: list[Bench], trials: list[Trial]) -> Iterator[dict[str, str]]:
    """Try all of these on the benches and give the outcomes in their order."""
    free: SimpleQueue[Bench] = SimpleQueue()
    for bench in benches:
        free.put(bench)

    def on_a_free_one(trial: Trial) -> dict[str, str]:
        bench = free.get()
        try:
            return bench.tried(*trial)
        finally:
            free.put(bench)

    with ThreadPoolExecutor(len(benches)) as pool:
        yield from pool.map(on_a_free_one, trials)


def digest() -> str:
    """Return a name of everything that could change what the tests touch."""
    found = blake2b(digest_size=8)
    for file in _files():
        if file.endswith(".py"):
            found.update(file.encode() + b"\0" + Path(file).read_bytes() + b"\0")
    return found.hexdigest()


def _files() -> list[str]:
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], text=True
    )
    return sorted(file for file in listed.split("\0") if file and Path(file).is_file())
