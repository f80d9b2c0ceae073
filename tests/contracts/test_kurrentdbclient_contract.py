"""The contract suite once more, with ``kurrentdbclient`` in the place of ``esdbclient``."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.contracts.kurrentdb_environment import ROOT, kurrentdb_python, run_pytest

pytestmark = pytest.mark.more


@pytest.fixture(scope="module")
def interpreter(request: pytest.FixtureRequest) -> Path:
    return kurrentdb_python(request.config)


def test_the_adapter_takes_kurrentdbclient_where_it_is_installed(interpreter: Path) -> None:
    program = "from adapters.event_stores.eventstoredb_client import Client; print(Client.__base__)"
    done = subprocess.run([str(interpreter), "-c", program], cwd=ROOT, check=True, capture_output=True)
    assert done.stdout.startswith(b"<class 'kurrentdbclient")


def test_the_contract_holds_through_kurrentdbclient(interpreter: Path) -> None:
    suites = sorted(str(path) for path in Path(__file__).parent.glob("test_event_store*_contract.py"))
    said = run_pytest(interpreter, "-k", "eventstoredb_node", *suites)
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None
    assert int(passed[1]) >= 50
