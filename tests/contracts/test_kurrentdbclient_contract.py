"""The contract suite once more, with ``kurrentdbclient`` in the place of ``esdbclient``.

The two pin different versions of gRPC, so the second one has an environment of its own, which finds
everything else in this one. It is made once, in pytest's cache folder.
"""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PACKAGE = "kurrentdbclient==1.3.5"
ROOT = Path(__file__).parents[2]
INSTALL_TIMEOUT_S = 180
RUN_TIMEOUT_S = 300


@pytest.fixture(scope="module")
def interpreter(request: pytest.FixtureRequest) -> Path:
    folder = request.config.cache.mkdir(PACKAGE.replace("==", "-"))
    interpreter = folder / "bin" / "python"
    here = Path(sysconfig.get_path("purelib"))
    there = folder / here.relative_to(Path(sys.prefix))
    # Written last, so that it is there only in an environment that is finished.
    fallback = there / "everything_else.pth"
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


def test_the_adapter_takes_kurrentdbclient_where_it_is_installed(interpreter: Path) -> None:
    program = "from adapters.event_stores.eventstoredb_client import Client; print(Client.__module__)"
    done = subprocess.run([str(interpreter), "-c", program], cwd=ROOT, check=True, capture_output=True)
    assert done.stdout.startswith(b"kurrentdbclient")


def test_the_contract_holds_through_kurrentdbclient(interpreter: Path) -> None:
    suites = sorted(str(path) for path in Path(__file__).parent.glob("test_event_store*_contract.py"))
    done = subprocess.run(
        [str(interpreter), "-m", "pytest", "-p", "no:cacheprovider", "-k", "eventstoredb_node", *suites],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 50
