"""Every code that readiness can tell stands in the documents, with what it stops."""

import re
from pathlib import Path

from application.health import Trouble

ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| (everything|part) \|", re.MULTILINE)


def test_every_code_of_readiness_is_documented_with_what_it_stops() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    told = {code: stops for codes, stops in ROW.findall(page) for code in re.findall(r"\w+", codes)}
    assert told == {code.value: code.stops.value for code in Trouble}
