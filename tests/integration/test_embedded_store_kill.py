"""The process that owns a log is killed while it appends."""

import os
import signal
from itertools import islice
from pathlib import Path

import pytest

from tests.integration.embedded_stores import OPENERS, start_script, whole_log

KILLS = 100 if os.environ.get("PRESAGE_SOAK") else 5
ACKNOWLEDGED_BEFORE_KILL = 300


def run_until_killed(kind: str, folder: Path, lines: int) -> set[tuple[str, int, str]]:
    process = start_script("appending_process.py", kind, str(folder), "16")
    assert process.stdout is not None
    taken = list(islice(process.stdout, lines))
    process.send_signal(signal.SIGKILL)
    rest, errors = process.communicate()
    assert len(taken) == lines, errors
    acknowledged = [line.split() for line in [*taken, *rest.splitlines()]]
    return {(stream, int(revision), event_id) for stream, revision, event_id in acknowledged}


@pytest.mark.parametrize("kind", sorted(OPENERS))
def test_no_acknowledged_append_is_lost_when_the_process_is_killed(kind: str, tmp_path: Path) -> None:
    acknowledged: set[tuple[str, int, str]] = set()
    for kill in range(KILLS):
        acknowledged |= run_until_killed(kind, tmp_path, ACKNOWLEDGED_BEFORE_KILL + 37 * kill)
        events = whole_log(kind, tmp_path)
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert acknowledged <= {(event.stream, event.revision, str(event.id)) for event in events}
        for stream in {event.stream for event in events}:
            revisions = [event.revision for event in events if event.stream == stream]
            assert revisions == list(range(len(revisions)))
            # Two events an append, all or none.
            assert len(revisions) % 2 == 0
