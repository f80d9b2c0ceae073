"""``presage record`` and ``presage mock`` as they are run: one stands before the other."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from adapters.cassettes.cassette import Cassette, Played, read_cassette
from tests.acceptance.presage_process import PATIENCE_S, PRESAGE, presage_here


@contextmanager
def running(*arguments: object) -> Iterator[str]:
    """Run a command that serves until it is interrupted; it has to end well."""
    process = subprocess.Popen(
        [PRESAGE, *map(str, arguments), "--port", "0", "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["url"])
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_what_is_played_back_can_be_recorded_again(tmp_path: Path) -> None:
    file, again = tmp_path / "session.jsonl", tmp_path / "again.jsonl"
    headers = {"content-type": "application/json"}
    with Cassette(file) as cassette:
        for number in (1, 2):
            cassette.note(
                Played(
                    method="GET",
                    path="/x",
                    query=[],
                    body=None,
                    status=200,
                    headers=headers,
                    answer={"n": number},
                )
            )
    with running("mock", file) as exchange, running("record", again, "--to", exchange) as recorder:
        told = [httpx.get(f"{recorder}/x").json()["n"] for _ in range(3)]
    assert told == [1, 2, 2]
    assert [each.answer for each in read_cassette(again)] == [{"n": 1}, {"n": 2}, {"n": 2}]


def test_what_cannot_be_has_a_code(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    file.write_text("{}\n")
    for arguments, code in (
        (["mock", file], "unusable_session"),
        (["mock", tmp_path / "none"], "file_error"),
        (["record", file], "file_error"),
        (["record", tmp_path / "new", "--to", "nowhere"], "usage"),
    ):
        refused = presage_here(*arguments, "--port", 0, "--json")
        assert (refused.status, refused.json["error"]["code"]) == (1, code)
