"""The last events of a log, asked for from its end."""

from pathlib import Path

import pytest

from tests.acceptance.presage_process import presage_here


@pytest.mark.usefixtures("on_each_store")
def test_the_last_events_are_shown_wherever_the_log_is(tmp_path: Path) -> None:
    for ticker in ("RAIN", "SNOW"):
        presage_here("market", "create", ticker, "--title", ticker, "--data", tmp_path)
    everything = presage_here("inspect", "--all", "--json", "--data", tmp_path).lines
    last = presage_here("inspect", "--all", "--last", 2, "--json", "--data", tmp_path)
    assert last.status == 0, last.stderr
    assert last.lines == everything[-2:]
