"""What lies in a data folder beside the log."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from adapters.data_folder import DataFolder, RunningServer, UnusableFolder


def folder_with_key(path: Path, key_id: str = "k-1", account: str = "ann") -> DataFolder:
    folder = DataFolder(path)
    folder.keep_key(key_id, account_id=account, scopes=("read", "trade"), private_pem="secret")
    return folder


def test_a_private_key_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    key = folder_with_key(tmp_path).key_of("ann")
    assert key is not None
    assert key.read() == b"secret"
    assert stat.S_IMODE(key.private_key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert key.document() == {"key_id": "k-1", "private_key_path": str(tmp_path / "keys" / "k-1.pem")}


def test_the_latest_key_of_an_account_is_the_one_to_use(tmp_path: Path) -> None:
    folder = folder_with_key(tmp_path)
    folder_with_key(tmp_path, "k-2", "bob")
    later = folder_with_key(tmp_path, "k-0").key("k-0")
    os.utime(tmp_path / "keys" / "k-0.json", ns=(2**62, 2**62))
    assert folder.key_of("ann") == later
    assert folder.key_of("carol") is None


def test_a_forgotten_key_leaves_nothing(tmp_path: Path) -> None:
    folder = folder_with_key(tmp_path)
    folder.forget_key("k-1")
    assert list((tmp_path / "keys").iterdir()) == []


def test_a_key_is_not_looked_for_outside_the_folder(tmp_path: Path) -> None:
    folder = folder_with_key(tmp_path / "inner")
    (tmp_path / "inner" / "other.json").write_text("{}")
    assert folder.key("../other") is None


def test_the_operator_is_whoever_was_appointed(tmp_path: Path) -> None:
    folder = folder_with_key(tmp_path)
    assert folder.operator() is None
    key = folder.key("k-1")
    assert key is not None
    folder.appoint_operator(key)
    assert folder.operator() == key


def test_a_server_is_known_by_whose_exchange_it_is_and_on_which_folder(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert folder.server() is None
    identity = folder.identity("1700000000000000")
    folder.announce("http://127.0.0.1:1", identity)
    assert folder.server() == RunningServer(url="http://127.0.0.1:1", identity=identity)
    assert stat.S_IMODE((tmp_path / "server.json").stat().st_mode) == 0o600
    folder.withdraw()
    folder.withdraw()
    assert folder.server() is None


def test_a_copy_of_a_folder_knows_nothing_of_the_server_of_the_original(tmp_path: Path) -> None:
    original = DataFolder(tmp_path / "p2")
    original.prepare(log_here=True)
    original.announce("http://127.0.0.1:1", original.identity("1"))
    shutil.copytree(tmp_path / "p2", tmp_path / "p2copy")
    assert DataFolder(tmp_path / "p2copy").server() is None
    (tmp_path / "p2").rename(tmp_path / "moved")
    assert DataFolder(tmp_path / "moved").server() is not None, "a folder that is moved is the same"


def test_what_an_older_program_said_of_its_server_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text('{"url": "http://127.0.0.1:1", "pid": 1}')
    assert DataFolder(tmp_path).server() is None


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00"])
def test_a_damaged_note_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "server.json").write_text(content)
    with pytest.raises(UnusableFolder, match=r"server\.json: damaged"):
        DataFolder(tmp_path).server()


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (["thesis.txt"], "thesis.txt"),
        (["read.db"], "log.db"),
        (["operator.json", "keys"], "log.db"),
        (["checkpoints.json", "zoo"], "zoo"),
    ],
)
def test_a_folder_without_its_log_is_refused(tmp_path: Path, names: list[str], named: str) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(UnusableFolder, match=named):
        DataFolder(tmp_path).prepare(log_here=True)


@pytest.mark.parametrize(
    "names", [[], [".DS_Store"], ["log.db.lock", "log.db.new"], ["log.db", "thesis.txt"]]
)
def test_a_new_folder_an_interrupted_founding_and_an_old_folder_are_taken(
    tmp_path: Path, names: list[str]
) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    DataFolder(tmp_path).prepare(log_here=True)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableFolder, match="file: cannot be used"):
        DataFolder(tmp_path / "file").prepare(log_here=True)


def test_what_an_older_version_left_readable_is_made_private_when_it_is_opened(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("somebody else's")
    elsewhere.chmod(0o644)
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True)
    for name in ("log.db", "read.db-wal", "keys/k-1.pem"):
        (data / name).touch()
        (data / name).chmod(0o644)
    (data / "keys").chmod(0o755)
    (data / "pointer").symlink_to(elsewhere)
    data.chmod(0o755)
    DataFolder(data).prepare(log_here=True)
    assert stat.S_IMODE(data.stat().st_mode) == stat.S_IMODE((data / "keys").stat().st_mode) == 0o700
    for name in ("log.db", "read.db-wal", "keys/k-1.pem"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644
