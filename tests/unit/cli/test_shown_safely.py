"""What is shown to people is neither obeyed by terminals, nor taken for markup, nor holds secrets."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.cli import main
from adapters.cli.failures import Failure, report
from adapters.cli.logs import Discreet
from adapters.cli.output import print_json, say, table
from adapters.redaction import redacted

HOSTILE = "\x1b[2Jgone\u202etxt\u2066 [/] [bold red]loud[/] \x9b31m \x07"
OBEYED = set("\x1b\x9b\x07\u202e\u2066")


def test_a_table_shows_hostile_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say(table(["title"], [[HOSTILE]]))
    shown = capsys.readouterr().out
    assert not OBEYED & set(shown)
    assert "[/] [bold red]loud[/]" in shown


def test_json_holds_the_same_text_without_a_byte_that_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"title": HOSTILE})
    printed = capsys.readouterr().out
    assert not OBEYED & set(printed)
    assert json.loads(printed) == {"title": HOSTILE}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("esdb://admin:s3cret@host:2113?tls=false", "esdb://***@host:2113?tls=false"),
        (
            "connecting to postgresql://u:p/w@d@host/db failed",
            "connecting to postgresql://***@host/db failed",
        ),
        (
            "redis://:s3cret@localhost:6379/0 and redis://:two@b/1",
            "redis://***@localhost:6379/0 and redis://***@b/1",
        ),
        ("host=h password='s3 cret' user=u", "host=h password=*** user=u"),
        ("http://127.0.0.1:8000/docs", "http://127.0.0.1:8000/docs"),
    ],
)
def test_secrets_are_left_out(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize("as_json", [True, False])
def test_no_failure_tells_a_secret_or_is_obeyed(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    report(
        Failure("c", "esdb://a:s3cret@h: no \x1b[2J", details="it is 'redis://:s3cret@h'"), as_json=as_json
    )
    said = "".join(capsys.readouterr())
    assert "s3cret" not in said
    assert "\x1b" not in said


def test_no_log_tells_a_secret() -> None:
    record = logging.LogRecord("n", logging.WARNING, "f", 1, "away: %s", ("redis://:s3cret@h/0",), None)
    assert Discreet("%(message)s").format(record) == "away: redis://***@h/0"


def test_a_log_is_not_obeyed_and_no_text_makes_lines_of_its_own() -> None:
    formatter = Discreet("%(levelname)s: %(message)s")
    try:
        int(HOSTILE)
    except ValueError:
        why = sys.exc_info()
    said = (f"{HOSTILE}\nERROR: forged",)
    told = formatter.format(logging.LogRecord("n", logging.WARNING, "f", 1, "stream %s", said, why))
    assert not OBEYED & set(told)
    first, *traceback = told.splitlines()
    assert "ERROR: forged" in first
    assert traceback[0] == "Traceback (most recent call last):"


def test_every_command_logs_as_carefully(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(sys, "argv", ["presage", "--version"])
    before = os.umask(0o022)
    try:
        with pytest.raises(SystemExit, match="0"):
            main.main()
    finally:
        os.umask(before)
    logging.getLogger("some.library").warning("%s", HOSTILE)
    told = capsys.readouterr().err
    assert "loud" in told
    assert not OBEYED & set(told)


def test_wrong_settings_are_told_without_their_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (
        ("PRESAGE_EVENT_STORE", "esbd://admin:s3cret@host"),
        ("REDIS_URL", "http://:s3cret@host"),
    ):
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            assert main.run(["market", "list", "--data", str(tmp_path)]) == 1
        said = "".join(capsys.readouterr())
        assert "invalid_setting" in said
        assert "s3cret" not in said


def test_an_empty_reference_is_refused_and_none_is_made_up(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["deposit", "ann", "5", "--reference", "", "--json", "--data", str(tmp_path)]
    assert main.run(arguments) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "invalid_field"


def test_importing_a_folder_that_is_no_log_writes_nothing_into_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "passwd").write_text("x")
    assert main.run(["import", str(foreign), "--data", str(tmp_path / "data")]) == 1
    assert "unusable_data" in capsys.readouterr().err
    assert [entry.name for entry in foreign.iterdir()] == ["passwd"]


def test_a_data_folder_and_all_in_it_are_the_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    monkeypatch.setattr(sys, "argv", ["presage", "deposit", "ann", "5", "--json", "--data", str(folder)])
    before = os.umask(0o022)
    try:
        with pytest.raises(SystemExit, match="0"):
            main.main()
    finally:
        os.umask(before)
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_full_disk_under_the_output_shows_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adapters.cli", "market", "list", "--json", "--data", str(tmp_path)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
