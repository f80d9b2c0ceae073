"""The protocol's facts through ``kurrentdbclient``, asynchronous and blocking."""

import re
from pathlib import Path

import pytest

from tests.contracts.kurrentdb_environment import kurrentdb_python, run_pytest

pytestmark = pytest.mark.more

FACTS = (
    "expected_versions",
    "deletes",
    "metadata",
    "reading",
    "subscriptions",
    "persistent_subscriptions",
    "system_streams",
    "limits",
    "sync_client",
)


def test_the_facts_hold_through_kurrentdbclient(request: pytest.FixtureRequest) -> None:
    here = Path(__file__).parent
    said = run_pytest(kurrentdb_python(request.config), *(str(here / f"test_{fact}.py") for fact in FACTS))
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None
    assert int(passed[1]) >= 90
