"""A second environment, for ``kurrentdbclient``.

It pins other versions of gRPC than ``esdbclient``. The environment has that package only and finds everything
else in this one. It is made once, in pytest's cache folder.
"""

import fcntl
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PACKAGE = "kurrentdbclient==1.3.5"
ROOT = Path(__file__).parents[2]
INSTALL_TIMEOUT_S = 180
RUN_TIMEOUT_S = 300


def kurrentdb_python(config: pytest.Config) -> Path:
    """Return the interpreter of that environment; skip the test where it cannot be made."""
    folder = config.cache.mkdir(PACKAGE.replace("==", "-"))
    interpreter = folder / "bin" / "python"
    here = Path(sysconfig.get_path("purelib"))
    there = folder / here.relative_to(Path(sys.prefix))
    # Written last, so that it is there only in an environment that is finished.
    fallback = there / "everything_else.pth"
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes that want it at once wait for the first
        if fallback.exists() and fallback.read_text() == str(here):
            return interpreter
        try:
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(folder)],
                [str(interpreter), "-m", "pip", "install", "--quiet", PACKAGE],
            ):
                subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_TIMEOUT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"an environment for kurrentdbclient cannot be made: {error}")
        fallback.write_text(str(here))
        return interpreter


def run_pytest(interpreter: Path, *arguments: str) -> str:
    """Run tests in that environment and return what pytest said; fail when one failed."""
    done = subprocess.run(
        [str(interpreter), "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout
