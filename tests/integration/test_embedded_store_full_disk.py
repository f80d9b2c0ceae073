"""The disk is full, and later it is not."""

import json
from pathlib import Path

import pytest

from tests.integration.embedded_stores import start_script, whole_log

LIMIT_BYTES = {"sqlite": 800_000, "json_lines": 100_000}


@pytest.mark.parametrize("kind", sorted(LIMIT_BYTES))
def test_a_full_disk_refuses_appends_and_trading_resumes_when_space_returns(
    kind: str, tmp_path: Path
) -> None:
    process = start_script("full_disk_process.py", kind, str(tmp_path), str(LIMIT_BYTES[kind]))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    report = json.loads(output)
    assert report["refused"] == 8 * 3
    stored = {(event.stream, event.revision) for event in whole_log(kind, tmp_path)}
    assert stored == {(stream, revision) for stream, revision in report["acknowledged"]}
