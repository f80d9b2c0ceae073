"""A schema says which code made a snapshot."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from application.snapshots.ledger_form import LEDGER_FORM
from application.snapshots.market_form import MARKET_FORM

CODE = '''"""Words."""

RATE = 2  # twice


def applied(amount: int) -> int:
    """Return it."""
    return amount * RATE
'''


def schema(folder: Path, code: str) -> str:
    path = folder / "code.py"
    path.write_text(code)
    module = ModuleType("code")
    module.__file__ = str(path)
    return replace(MARKET_FORM, code=(module,)).schema


def test_each_form_has_a_schema_of_its_own() -> None:
    assert MARKET_FORM.schema != LEDGER_FORM.schema
    assert MARKET_FORM.schema == replace(MARKET_FORM).schema


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("# twice", "# two times"),
        CODE.replace("Return it.", "Return what comes out."),
        CODE.replace('"""Words."""', '"""Other words."""'),
        CODE.replace("\n\n\n", "\n\n\n\n"),
    ],
)
def test_what_is_only_for_people_does_not_change_the_schema(other: str, tmp_path: Path) -> None:
    assert other != CODE
    assert schema(tmp_path, other) == schema(tmp_path, CODE)


@pytest.mark.parametrize(
    "other", [CODE.replace("2", "3"), CODE.replace("*", "+"), CODE.replace("RATE", "FACTOR")]
)
def test_what_is_for_the_interpreter_does(other: str, tmp_path: Path) -> None:
    assert schema(tmp_path, other) != schema(tmp_path, CODE)
